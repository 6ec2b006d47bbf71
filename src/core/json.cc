#include "core/json.h"

#include <fmt/core.h>

#include <vector>

#include "core/text.h"

namespace purser::json {
namespace {

using Value = nlohmann::json;

Unexpected bad(std::string message) {
  return Unexpected(Error{.code = ErrorCode::bad_response, .message = std::move(message)});
}

std::string in_quotes(std::string_view name) {
  return fmt::format("\"{}\"", shorten(sanitize_for_terminal(name), 80));
}

// Builds the value as the parser walks, and stops it at the first thing that is not strict. The
// parser itself keeps no stack of calls, so depth costs nothing before it is refused.
class StrictBuilder : public nlohmann::json_sax<Value> {
 public:
  Value take() { return std::move(root_); }
  const std::string& problem() const { return problem_; }

  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(number_integer_t value) override { return add(value); }
  bool number_unsigned(number_unsigned_t value) override { return add(value); }
  bool number_float(number_float_t value, const string_t&) override { return add(value); }
  bool string(string_t& value) override { return add(std::move(value)); }
  bool binary(binary_t&) override { return fail("the JSON has binary data in it"); }

  bool start_object(std::size_t) override { return open(Value::object()); }
  bool start_array(std::size_t) override { return open(Value::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(string_t& name) override {
    const auto [it, added] = open_.back()->get_ref<Value::object_t&>().emplace(name, nullptr);
    if (!added) return fail("the JSON has the key " + in_quotes(name) + " twice in one object");
    member_ = &it->second;
    return true;
  }

  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception&) override {
    return fail("the JSON is malformed at byte " + std::to_string(position));
  }

 private:
  bool fail(std::string problem) {
    problem_ = std::move(problem);
    return false;
  }

  // Where the next value belongs: into the root, the open array or the member just named.
  Value* place(Value value) {
    Value* target = &root_;
    if (!open_.empty() && open_.back()->is_array()) {
      target = &open_.back()->get_ref<Value::array_t&>().emplace_back();
    } else if (!open_.empty()) {
      target = member_;
    }
    *target = std::move(value);
    return target;
  }
  bool add(Value value) {
    place(std::move(value));
    return true;
  }
  bool open(Value value) {
    if (open_.size() == kMaxDepth) {
      return fail("the JSON is nested deeper than " + std::to_string(kMaxDepth));
    }
    open_.push_back(place(std::move(value)));
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }

  Value root_;
  std::vector<Value*> open_;
  Value* member_ = nullptr;
  std::string problem_;
};

Result<const Value*> find_of_type(const Value& object, std::string_view name, Value::value_t type,
                                  std::string_view type_name) {
  const Value* value = find(object, name);
  if (value != nullptr && value->type() != type) {
    return bad("its " + in_quotes(name) + " is not " + std::string(type_name));
  }
  return value;
}

}  // namespace

Result<Value> parse_strict(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) return bad("the JSON begins with a byte order mark");
  // The parser takes a NUL byte for the end of the text, and would not see what comes after it.
  if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos) {
    return bad("the JSON has a NUL byte at byte " + std::to_string(nul + 1));
  }
  StrictBuilder builder;
  if (!Value::sax_parse(text.begin(), text.end(), &builder)) return bad(builder.problem());
  return builder.take();
}

const Value* find(const Value& object, std::string_view name) {
  if (!object.is_object()) return nullptr;
  const auto it = object.find(name);
  return it == object.end() || it->is_null() ? nullptr : &*it;
}

Result<std::optional<std::string>> find_string(const Value& object, std::string_view name) {
  auto value = find_of_type(object, name, Value::value_t::string, "a string");
  if (!value) return Unexpected(std::move(value).error());
  if (*value == nullptr) return std::optional<std::string>();
  return std::optional<std::string>((*value)->get<std::string>());
}

Result<std::optional<std::int64_t>> find_int64(const Value& object, std::string_view name) {
  const Value* value = find(object, name);
  if (value == nullptr) return std::optional<std::int64_t>();
  const bool fits = value->is_number_unsigned()
                        ? value->get<std::uint64_t>() <= static_cast<std::uint64_t>(INT64_MAX)
                        : value->is_number_integer();
  if (!fits) return bad("its " + in_quotes(name) + " is not a 64-bit integer");
  return std::optional<std::int64_t>(value->get<std::int64_t>());
}

Result<const Value*> find_object(const Value& object, std::string_view name) {
  return find_of_type(object, name, Value::value_t::object, "an object");
}

Result<const Value*> find_array(const Value& object, std::string_view name) {
  return find_of_type(object, name, Value::value_t::array, "an array");
}

}  // namespace purser::json
