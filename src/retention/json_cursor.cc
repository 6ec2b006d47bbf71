#include "retention/json_cursor.h"

#include <utility>

namespace purser {

JsonCursor JsonCursor::operator[](std::string_view name) const {
  std::string path = path_.empty() ? std::string(name) : path_ + "." + std::string(name);
  if (value_ == nullptr || failed()) return {nullptr, std::move(path), fault_};
  if (!value_->is_object()) {
    fail("is not an object");
    return {nullptr, std::move(path), fault_};
  }
  auto member = value_->find(name);
  if (member != value_->end()) return {&*member, std::move(path), fault_};
  JsonCursor missing(nullptr, std::move(path), fault_);
  missing.fail("is missing");
  return missing;
}

std::string JsonCursor::string() const {
  if (value_ != nullptr && value_->is_string()) return value_->get<std::string>();
  fail("is not a string");
  return {};
}

std::uint64_t JsonCursor::number() const {
  if (value_ != nullptr && value_->is_number_unsigned()) return value_->get<std::uint64_t>();
  fail("is not a whole number");
  return 0;
}

bool JsonCursor::boolean() const {
  if (value_ != nullptr && value_->is_boolean()) return value_->get<bool>();
  fail("is neither true nor false");
  return false;
}

void JsonCursor::each(const std::function<void(const JsonCursor&)>& take) const {
  if (value_ == nullptr || !value_->is_array()) return fail("is not an array");
  for (std::size_t at = 0; at < value_->size() && !failed(); ++at) {
    take({&(*value_)[at], path_ + "[" + std::to_string(at) + "]", fault_});
  }
}

void JsonCursor::fail(std::string_view what) const {
  if (failed()) return;
  fault_ = (path_.empty() ? "the document" : path_) + " " + std::string(what);
}

}  // namespace purser
