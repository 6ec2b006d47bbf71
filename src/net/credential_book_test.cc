#include "net/credential_book.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>

#include "testing/matchers.h"

namespace purser::net {
namespace {

using purser::testing::HasError;
using purser::testing::IsOk;

// Answers by repository, and counts.
class Source : public CredentialSource {
 public:
  explicit Source(std::map<std::string, Credential> credentials)
      : credentials_(std::move(credentials)) {}

  Result<std::optional<Credential>> find(const RegistryName&, std::string_view repository,
                                         const CallOptions&) const override {
    ++asked;
    if (gate.valid()) gate.wait();
    if (repository == "broken") return Unexpected(Error{.code = ErrorCode::io});
    const auto found = credentials_.find(std::string(repository));
    if (found == credentials_.end()) return std::optional<Credential>();
    return std::optional(found->second);
  }

  mutable std::atomic<int> asked = 0;
  std::shared_future<void> gate;

 private:
  const std::map<std::string, Credential> credentials_;
};

Credential user(const char* name, const char* password, const char* source = "") {
  return {.username = name, .password = Secret(password), .source = source};
}

class CredentialBookTest : public ::testing::Test {
 protected:
  std::shared_ptr<Source> source_ = std::make_shared<Source>(
      std::map<std::string, Credential>{{"", user("me", "1", "a")},
                                        {"team/a", user("me", "1", "b")},
                                        {"team/b", user("me", "2")},
                                        {"robot", user("<token>", "refresh")},
                                        {"empty", user("me", "")}});
  CredentialBook book_{*RegistryName::parse("r.test"), source_};
};

// C.1-16: what is found for one repository is not found for another.
TEST_F(CredentialBookTest, EachRepositoryHasItsOwnCredential) {
  EXPECT_EQ(book_.find("team/b")->credential->password.reveal(), "2");
  EXPECT_EQ(book_.find("team/a")->credential->password.reveal(), "1");
  EXPECT_EQ(book_.find("team")->credential, nullptr);
  EXPECT_EQ(book_.find("empty")->credential, nullptr);
  EXPECT_EQ(book_.find("team")->identity, 0u);
}

// a token for one is as good for the other.
TEST_F(CredentialBookTest, TheSameUserIsOneIdentityWhereverItIsFound) {
  const auto registry = book_.find("")->identity;
  EXPECT_NE(registry, 0u);
  EXPECT_EQ(book_.find("team/a")->identity, registry);
  EXPECT_NE(book_.find("team/b")->identity, registry);
  EXPECT_EQ(book_.credential(registry)->password.reveal(), "1");
  EXPECT_EQ(book_.credential(0), nullptr);
  EXPECT_EQ(book_.credential(99), nullptr);
}

TEST_F(CredentialBookTest, TheSourceIsAskedOnceForEachRepository) {
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(book_.find("team/a"), IsOk());
    EXPECT_THAT(book_.find("none"), IsOk());
    EXPECT_THAT(book_.find("broken"), HasError(ErrorCode::io));
  }
  EXPECT_EQ(source_->asked, 3);
}

// A helper program may take long: a hundred callers start it once, and only those who need it wait.
TEST_F(CredentialBookTest, AHundredCallersAskOnceAndHoldNobodyElseUp) {
  EXPECT_THAT(book_.find("team/b"), IsOk());
  std::promise<void> opened;
  source_->gate = opened.get_future().share();
  std::vector<std::thread> callers;
  std::atomic<int> good = 0;
  for (int i = 0; i < 100; ++i) {
    callers.emplace_back([&] {
      const auto known = book_.find("team/a");
      if (known && known->credential) ++good;
    });
  }
  EXPECT_THAT(book_.find("team/b"), IsOk());
  opened.set_value();
  for (auto& caller : callers) caller.join();
  EXPECT_EQ(good, 100);
  EXPECT_EQ(source_->asked, 2);
}

//
TEST_F(CredentialBookTest, TheUserNameOfAHelperMarksAnIdentityToken) {
  const auto credential = book_.find("robot")->credential;
  EXPECT_EQ(credential->identity_token.reveal(), "refresh");
  EXPECT_TRUE(credential->password.empty());
}

TEST_F(CredentialBookTest, RemembersWhoseTokenWasGiven) {
  const auto identity = book_.find("team/a")->identity;
  EXPECT_FALSE(book_.was_accepted(identity));
  book_.note_accepted(identity);
  EXPECT_TRUE(book_.was_accepted(identity));
  EXPECT_FALSE(book_.was_accepted(book_.find("team/b")->identity));
}

TEST(CredentialBookWithoutSourceTest, KnowsNobody) {
  CredentialBook book(*RegistryName::parse("r.test"), nullptr);
  EXPECT_EQ(book.find("a")->credential, nullptr);
}

}  // namespace
}  // namespace purser::net
