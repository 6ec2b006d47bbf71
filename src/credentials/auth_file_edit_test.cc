// A-32: writing what docker and podman read as well.
#include "credentials/auth_file_edit.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <latch>
#include <thread>

#include "credentials/auth_file.h"
#include "credentials/credentials_fixture.h"
#include "system/folder_lock.h"
#include "testing/matchers.h"

namespace purser {
namespace {

using ::purser::testing::HasError;
using ::purser::testing::IsOk;
using ::purser::testing::read_file;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

using AuthFileEditTest = CredentialsFixture;

const Credential kLogin{.username = "u", .password = Secret("p")};  // dTpw

// A-32.
TEST_F(AuthFileEditTest, KeepsWhatItDoesNotKnowAndTheOrder) {
  const auto changed = with_login(
      R"({"zebra":[1,2.5,-3,null],"auths":{"z.io":{"auth":"eA==","email":"a@b"},"a.io":{}},
          "HttpHeaders":{"X-B":"1","X-A":"\u00e4\n"},"credHelpers":{"g.io":"gcr"}})",
      AuthTarget{"h.io"}, kLogin);
  ASSERT_THAT(changed, IsOk());
  EXPECT_EQ(changed->text, R"({
	"zebra": [
		1,
		2.5,
		-3,
		null
	],
	"auths": {
		"z.io": {
			"auth": "eA==",
			"email": "a@b"
		},
		"a.io": {},
		"h.io": {
			"auth": "dTpw"
		}
	},
	"HttpHeaders": {
		"X-B": "1",
		"X-A": "ä\n"
	},
	"credHelpers": {
		"g.io": "gcr"
	}
})");
}

TEST_F(AuthFileEditTest, MakesAFileOutOfNothing) {
  for (const char* text : {"", "{}", R"({"auths":null})"}) {
    const auto changed = with_login(text, AuthTarget{"h.io:5000"}, kLogin);
    ASSERT_THAT(changed, IsOk());
    EXPECT_EQ(changed->text,
              "{\n\t\"auths\": {\n\t\t\"h.io:5000\": {\n\t\t\t\"auth\": \"dTpw\"\n\t\t}\n\t}\n}");
  }
}

// A stale login under another spelling would be what some clients find first.
TEST_F(AuthFileEditTest, ReplacesEverySpellingOfTheRegistryAndNothingElse) {
  const auto changed = with_login(
      R"({"auths":{"https://h.io/v1/":{"auth":"eA=="},"h.io/team":{"auth":"eA=="},
                   "h.io.evil":{"auth":"eA=="},"h.io:443":{"auth":"eA=="}}})",
      AuthTarget{"h.io"}, kLogin);
  ASSERT_THAT(changed, IsOk());
  EXPECT_THAT(changed->keys, ElementsAre("h.io"));
  const auto file = parse_auth_file(changed->text, AuthFileFormat::auths);
  std::vector<std::string> keys;
  for (const AuthEntry& entry : file->entries) keys.push_back(entry.key);
  EXPECT_THAT(keys, ::testing::UnorderedElementsAre("h.io", "h.io/team", "h.io.evil", "h.io:443"));
}

// A-4: docker looks nowhere else for the login of Docker Hub.
TEST_F(AuthFileEditTest, WritesDockerHubUnderItsHistoricKey) {
  const auto changed = with_login(R"({"auths":{"docker.io":{"auth":"eA=="},
      "https://index.docker.io/v1/access-token":{"auth":"eA=="}}})",
                                  AuthTarget{"docker.io"}, kLogin);
  ASSERT_THAT(changed, IsOk());
  EXPECT_THAT(changed->keys, ElementsAre("https://index.docker.io/v1/"));
  EXPECT_THAT(changed->text, Not(HasSubstr("\"docker.io\"")));
  EXPECT_THAT(changed->text, HasSubstr("access-token"));
}

// A-4, A-32: podman's logout knows this key alone.
TEST_F(AuthFileEditTest, WritesDockerHubAsPodmanDoesIntoPodmansFile) {
  const AuthTarget podmans{.registry = "docker.io", .file = "auth.json"};
  const auto key = [&](const char* text) {
    return with_login(text, podmans, kLogin)->keys.front();
  };
  const std::string docker_key = "https://index.docker.io/v1/";
  EXPECT_EQ(key(""), "docker.io");
  EXPECT_EQ(key(R"({"auths":{},"credHelpers":{"g.io":"x"}})"), "docker.io");
  EXPECT_EQ(key(R"({"auths":{},"credsStore":"x"})"), docker_key) << "only docker writes that";
  EXPECT_EQ(key(R"({"auths":{"https://index.docker.io/v1/":{}}})"), docker_key) << "it was there";
  EXPECT_EQ(key(R"({"auths":{"https://index.docker.io/v1/":{},"docker.io":{}}})"), "docker.io");
}

// A-4, A-32: whichever name of the Hub was typed, podman finds it.
TEST_F(AuthFileEditTest, WritesDockerHubUnderNoNameOfItsServer) {
  for (const char* name : {"registry-1.docker.io", "index.docker.io", "docker.io"}) {
    SCOPED_TRACE(name);
    const AuthTarget team{.registry = name, .path = "team", .file = "auth.json"};
    const auto part = with_login(R"({"auths":{"docker.io/team":{"auth":"eA=="}}})", team, kLogin);
    ASSERT_THAT(part, IsOk());
    EXPECT_THAT(part->keys, ElementsAre("docker.io/team"));
    EXPECT_THAT(part->text, AllOf(HasSubstr("dTpw"), Not(HasSubstr("eA=="))));
    const auto whole = with_login("", AuthTarget{.registry = name, .file = "auth.json"}, kLogin);
    EXPECT_THAT(whole->keys, ElementsAre("docker.io"));
    EXPECT_THAT(with_login("", AuthTarget{name}, kLogin)->keys,
                ElementsAre("https://index.docker.io/v1/"));
  }
}

// A-29
TEST_F(AuthFileEditTest, WritesALoginForAPartOfTheRegistryBesideTheWhole) {
  const AuthTarget team{.registry = "h.io", .path = "team"};
  const char* const text = R"({"auths":{"h.io":{"auth":"eA=="},"h.io/team/app":{"auth":"eA=="}}})";
  const auto changed = with_login(text, team, kLogin);
  ASSERT_THAT(changed, IsOk());
  EXPECT_THAT(changed->keys, ElementsAre("h.io/team"));
  const auto removed = without_login(changed->text, team);
  EXPECT_THAT(removed->keys, ElementsAre("h.io/team"));
  EXPECT_THAT(removed->text, ::testing::AllOf(HasSubstr("\"h.io\""), HasSubstr("h.io/team/app")));
}

TEST_F(AuthFileEditTest, KeepsIdentityTokensAndNoSecretWhereAHelperHasIt) {
  const auto token = with_login("", AuthTarget{"h.io"},
                                Credential{.username = "u", .identity_token = Secret("refresh")});
  EXPECT_THAT(token->text, HasSubstr(R"("identitytoken": "refresh")"));
  const auto helper =
      with_login(R"({"auths":{"h.io":{"auth":"eA=="}}})", AuthTarget{"h.io"}, std::nullopt);
  EXPECT_THAT(helper->text, HasSubstr("\"h.io\": {}"));
}

TEST_F(AuthFileEditTest, TakesTheLoginOutAndLeavesTheRest) {
  const std::string text =
      R"({"auths":{"https://h.io":{"auth":"eA=="},"h.io":{},"h.io/team":{"auth":"eA=="}},"x":1})";
  const auto changed = without_login(text, AuthTarget{"h.io"});
  ASSERT_THAT(changed, IsOk());
  EXPECT_THAT(changed->keys, ElementsAre("https://h.io", "h.io"));
  EXPECT_THAT(changed->text, HasSubstr("h.io/team"));
  const auto untouched = without_login(text, AuthTarget{"g.io"});
  EXPECT_THAT(untouched->keys, IsEmpty());
  EXPECT_EQ(untouched->text, text);
}

// What was not understood is not written anew.
TEST_F(AuthFileEditTest, TouchesNoFileThatItDoesNotUnderstand) {
  for (const char* text : {"{", "[]", "7", R"({"auths":[]})", R"({"auths":{},"auths":{}})",
                           R"({"a":1,"a":2})", "{} x"}) {
    EXPECT_THAT(with_login(text, AuthTarget{"h.io"}, kLogin), HasError(ErrorCode::invalid_argument))
        << text;
    EXPECT_THAT(without_login(text, AuthTarget{"h.io"}), HasError(ErrorCode::invalid_argument))
        << text;
    EXPECT_THAT(with_config(text)->store(registry("h.io"), kLogin),
                HasError(ErrorCode::invalid_argument, HasSubstr("config.json")));
    EXPECT_EQ(read_file(docker_file()), text);
  }
}

// A-32.
TEST_F(AuthFileEditTest, TwoLoginsAtOnceAreBothThere) {
  constexpr int kLogins = 16;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kLogins; ++i) {
      threads.emplace_back([this, i] {  // each as a process of its own would be
        EXPECT_THAT(credentials()->store(registry("h" + std::to_string(i) + ".io"), kLogin),
                    IsOk());
      });
    }
  }
  const auto all = credentials();
  for (int i = 0; i < kLogins; ++i) {
    EXPECT_EQ(found(*all, "h" + std::to_string(i) + ".io"), "u:p") << i;
  }
}

// A-32: one file in a checkout of settings, and a link to it wherever a program looks.
TEST_F(AuthFileEditTest, LoginsThroughSeveralLinksAreAllThere) {
  const auto file = home_.write("real/config.json", "{}");
  std::vector<std::filesystem::path> names = {file};
  for (const char* folder : {"a", "b"}) {
    std::filesystem::create_directories(home_ / folder);
    names.push_back(home_ / folder / "config.json");
    std::filesystem::create_symlink(file, names.back());
  }
  constexpr int kLogins = 15;
  std::latch all_are_there(kLogins);
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kLogins; ++i) {
      threads.emplace_back([&, i] {
        all_are_there.arrive_and_wait();
        UserCredentialsOptions named = options();
        named.file = names[static_cast<std::size_t>(i) % names.size()];
        EXPECT_THAT(UserCredentials(named).store(registry("h" + std::to_string(i) + ".io"), kLogin),
                    IsOk());
      });
    }
  }
  UserCredentialsOptions named = options();
  named.file = file;
  const UserCredentials all(named);
  for (int i = 0; i < kLogins; ++i) {
    EXPECT_EQ(found(all, "h" + std::to_string(i) + ".io"), "u:p") << i;
  }
}

// A-32: the same without chance.
TEST_F(AuthFileEditTest, LocksTheFolderThatTheFileIsIn) {
  const auto file = home_.write("real/config.json", "{}");
  std::filesystem::create_directories(home_ / "a");
  const auto link = home_ / "a/config.json";
  std::filesystem::create_symlink("../real/config.json", link);
  bool ran = false;
  EXPECT_THAT(edit_file(link,
                        [&](const std::string& text) -> Result<std::string> {
                          ran = true;
                          EXPECT_FALSE(files::FolderLock::take(home_ / "real", {}).has_value());
                          return text + " ";
                        }),
              IsOk());
  EXPECT_TRUE(ran);
  EXPECT_TRUE(std::filesystem::is_symlink(link));
  EXPECT_EQ(read_file(file), "{} ");
}

// A-32.
TEST_F(AuthFileEditTest, SaysThatOthersCouldReadTheFile) {
  const auto source = with_config("{}");
  ::chmod(docker_file().c_str(), 0644);
  const auto looks = source->explain(registry("h.io"), "");
  EXPECT_EQ(looks.at(1).note, "others can read this file");
  const auto stored = source->store(registry("h.io"), kLogin);
  ASSERT_THAT(stored, IsOk());
  EXPECT_TRUE(stored->was_open_to_others);
  EXPECT_FALSE(is_open_to_others(docker_file()));
  EXPECT_FALSE(source->store(registry("g.io"), kLogin)->was_open_to_others);
}

}  // namespace
}  // namespace purser
