// Strict reading of a JSON document whose every member is required.
#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace purser {

// A place in a document that knows where it is: "decisions[3].digest". The first fault of a
// document is kept, and what is read after it is empty, so a reader need not ask after each step.
// Thread rule: one thread at a time; must not outlive the document and the fault.
class JsonCursor {
 public:
  JsonCursor(const nlohmann::json& document, std::string& fault)
      : JsonCursor(&document, "", fault) {}

  JsonCursor operator[](std::string_view name) const;
  bool is_null() const { return value_ == nullptr || value_->is_null(); }
  std::string string() const;
  std::uint64_t number() const;
  bool boolean() const;
  void each(const std::function<void(const JsonCursor&)>& take) const;  // of an array

  // What the text stands for, by `parse`, which gives a Result or an optional.
  template <class Parse>
  auto parsed(const Parse& parse, std::string_view what) const {
    auto value = parse(string());
    if (!value) fail("is not " + std::string(what));
    return value;
  }

  // "decisions[3].digest is not a digest", unless there was a fault before.
  void fail(std::string_view what) const;
  bool failed() const { return !fault_.empty(); }

 private:
  JsonCursor(const nlohmann::json* value, std::string path, std::string& fault)
      : value_(value), path_(std::move(path)), fault_(fault) {}

  const nlohmann::json* value_;  // null: there was a fault on the way here
  std::string path_;
  std::string& fault_;
};

}  // namespace purser
