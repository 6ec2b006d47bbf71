#include "purser/credentials.h"

#include <gmock/gmock.h>

#include "testing/matchers.h"

namespace purser {
namespace {

using ::purser::testing::HasError;
using ::purser::testing::IsOk;

RegistryName registry(std::string_view text) { return RegistryName::parse(text).value(); }

Credential named(std::string username) {
  return Credential{.username = std::move(username), .password = Secret("p")};
}

TEST(SingleCredential, IsForItsRegistryAlone) {
  const auto source = single_credential(registry("h.io:5000"), named("u"));
  const auto own = source->find(registry("https://H.io:5000"), "");
  ASSERT_THAT(own, IsOk());
  EXPECT_EQ((*own)->username, "u");
  for (const char* other : {"h.io", "h.io:5001", "h.io.evil:5000", "localhost:5000"}) {
    const auto found = source->find(registry(other), "");
    ASSERT_THAT(found, IsOk());
    EXPECT_FALSE(found->has_value()) << other;
  }
}

class FailingSource : public CredentialSource {
 public:
  Result<std::optional<Credential>> find(const RegistryName&, std::string_view,
                                         const CallOptions&) const override {
    return Unexpected(Error{.code = ErrorCode::io, .message = "the disk is on fire"});
  }
};

TEST(FirstOf, TakesTheFirstThatHasACredentialOrAnError) {
  const auto a = single_credential(registry("a.io"), named("a"));
  const auto a2 = single_credential(registry("a.io"), named("a2"));
  const auto b = single_credential(registry("b.io"), named("b"));
  const auto failing = std::make_shared<FailingSource>();
  const auto source = first_of({a, nullptr, a2, b, failing, b});
  EXPECT_EQ((*source->find(registry("a.io"), ""))->username, "a");
  EXPECT_EQ((*source->find(registry("b.io"), ""))->username, "b");
  EXPECT_THAT(source->find(registry("c.io"), ""), HasError(ErrorCode::io));
  const auto none = first_of({})->find(registry("c.io"), "");
  ASSERT_THAT(none, IsOk());
  EXPECT_FALSE(none->has_value());
}

TEST(Secret, DoesNotPrintItsText) { EXPECT_EQ(to_string(Secret("s3cret")), "***"); }

}  // namespace
}  // namespace purser
