// gmock matchers for Result and Status, and how Purser's values print in a failing test.
//
//   EXPECT_THAT(client.head(ref), IsOk());
//   EXPECT_THAT(Digest::parse(text), IsOkAndHolds(digest));
//   EXPECT_THAT(client.tags(repository), HasError(ErrorCode::not_found, HasSubstr("no such")));
#pragma once

#include <gmock/gmock.h>

#include <concepts>
#include <ostream>
#include <string>
#include <type_traits>
#include <utility>

#include "purser/error.h"
#include "purser/result.h"

namespace purser {

// gtest finds these by argument-dependent lookup.

inline void PrintTo(ErrorCode code, std::ostream* out) { *out << to_string(code); }

inline void PrintTo(const Error& error, std::ostream* out) {
  *out << "[" << to_string(error.code) << "] " << to_string(error);
  if (error.http) {
    *out << " (" << error.http->method << " " << error.http->url << " -> " << error.http->status;
    for (const std::string& code : error.http->codes) *out << " " << code;
    *out << ")";
  }
}

template <class T>
void PrintTo(const Result<T>& result, std::ostream* out) {
  if (!result) {
    *out << "error ";
    PrintTo(result.error(), out);
  } else if constexpr (std::is_void_v<T>) {
    *out << "ok";
  } else {
    *out << "ok " << ::testing::PrintToString(result.value());
  }
}

// Digest, Reference, Repository, RegistryName, Platform: as they are written.
template <class T>
requires requires(const T& value) {
  { value.str() } -> std::convertible_to<std::string>;
}
void PrintTo(const T& value, std::ostream* out) { *out << value.str(); }

namespace testing {

namespace internal {

class IsOkMatcher {
 public:
  template <class R>
  bool MatchAndExplain(const R& result, ::testing::MatchResultListener*) const {
    return result.has_value();
  }
  void DescribeTo(std::ostream* out) const { *out << "is ok"; }
  void DescribeNegationTo(std::ostream* out) const { *out << "is an error"; }
};

template <class R>
class IsOkAndHoldsMatcher : public ::testing::MatcherInterface<R> {
 public:
  using Value = typename std::remove_cvref_t<R>::value_type;

  template <class Inner>
  explicit IsOkAndHoldsMatcher(const Inner& inner)
      : inner_(::testing::SafeMatcherCast<const Value&>(inner)) {}

  bool MatchAndExplain(R result, ::testing::MatchResultListener* listener) const override {
    return result.has_value() && inner_.MatchAndExplain(*result, listener);
  }
  void DescribeTo(std::ostream* out) const override {
    *out << "is ok and holds a value that ";
    inner_.DescribeTo(out);
  }
  void DescribeNegationTo(std::ostream* out) const override {
    *out << "is an error or holds a value that ";
    inner_.DescribeNegationTo(out);
  }

 private:
  ::testing::Matcher<const Value&> inner_;
};

template <class Inner>
class IsOkAndHolds {
 public:
  explicit IsOkAndHolds(Inner inner) : inner_(std::move(inner)) {}
  template <class R>
  operator ::testing::Matcher<R>() const {  // NOLINT(google-explicit-constructor)
    return ::testing::Matcher<R>(new IsOkAndHoldsMatcher<const R&>(inner_));
  }

 private:
  Inner inner_;
};

class HasErrorMatcher {
 public:
  HasErrorMatcher(ErrorCode code, ::testing::Matcher<const std::string&> message)
      : code_(code), message_(std::move(message)) {}

  template <class R>
  bool MatchAndExplain(const R& result, ::testing::MatchResultListener* listener) const {
    if (result.has_value() || result.error().code != code_) return false;
    return message_.MatchAndExplain(result.error().message, listener);
  }
  void DescribeTo(std::ostream* out) const {
    *out << "is the error " << to_string(code_) << " with a message that ";
    message_.DescribeTo(out);
  }
  void DescribeNegationTo(std::ostream* out) const {
    *out << "is not the error " << to_string(code_) << ", or has a message that ";
    message_.DescribeNegationTo(out);
  }

 private:
  ErrorCode code_;
  ::testing::Matcher<const std::string&> message_;
};

}  // namespace internal

inline auto IsOk() { return ::testing::MakePolymorphicMatcher(internal::IsOkMatcher()); }

// Of a Result that has a value: the value matches.
template <class Inner>
internal::IsOkAndHolds<std::decay_t<Inner>> IsOkAndHolds(Inner&& inner) {
  return internal::IsOkAndHolds<std::decay_t<Inner>>(std::forward<Inner>(inner));
}

// An error of that code whose `message` matches.
inline auto HasError(ErrorCode code, ::testing::Matcher<const std::string&> message) {
  return ::testing::MakePolymorphicMatcher(internal::HasErrorMatcher(code, std::move(message)));
}
inline auto HasError(ErrorCode code) { return HasError(code, ::testing::_); }

}  // namespace testing
}  // namespace purser
