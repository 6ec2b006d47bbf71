// A-28: which place decides, and what is told of the others.
#include "purser/user_credentials.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <thread>

#include "credentials/credentials_fixture.h"
#include "system/files.h"
#include "testing/matchers.h"

namespace purser {
namespace {

using ::purser::testing::HasError;
using ::purser::testing::IsOk;
using ::purser::testing::read_file;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using Found = CredentialLook::Found;

// dTpw is "u:p", dTI6cDI= is "u2:p2", dTM6cDM= is "u3:p3".
constexpr const char* kDocker = R"({"auths":{"h.io":{"auth":"dTpw"}}})";
constexpr const char* kPodman = R"({"auths":{"h.io":{"auth":"dTI6cDI="}}})";
constexpr const char* kThird = R"({"auths":{"h.io":{"auth":"dTM6cDM="}}})";

class UserCredentialsTest : public CredentialsFixture {
 protected:
  // A helper that has "h:s" for every registry, and counts its runs.
  std::filesystem::path working_helper(const std::string& name) const {
    return helper(name,
                  "echo run >> " + (home_ / "runs").string() +
                      "; read s; echo \"{\\\"ServerURL\\\":\\\"$s\\\",\\\"Username\\\":\\\"h\\\","
                      "\\\"Secret\\\":\\\"s\\\"}\"");
  }
  std::filesystem::path helper_without(const std::string& name) const {
    return helper(name, "echo 'credentials not found in native keychain'; exit 1");
  }
  std::string runs() const {
    return std::filesystem::exists(home_ / "runs") ? read_file(home_ / "runs") : "";
  }
  static std::vector<Found> answers(const std::vector<CredentialLook>& looks) {
    std::vector<Found> answers;
    for (const CredentialLook& look : looks) answers.push_back(look.found);
    return answers;
  }
};

// A-28: one place after the other taken away, the next one decides.
TEST_F(UserCredentialsTest, AsksThePlacesInTheirOrder) {
  home_.write(".dockercfg", R"({"h.io":{"auth":"dTM6cDM="}})");
  EXPECT_EQ(found(*credentials(), "h.io"), "u3:p3");
  home_.write(".config/containers/auth.json", kPodman);
  EXPECT_EQ(found(*credentials(), "h.io"), "u2:p2");
  home_.write("run/containers/auth.json", kThird);
  EXPECT_EQ(found(*credentials(), "h.io"), "u3:p3");
  EXPECT_EQ(found(*with_config(kDocker), "h.io"), "u:p");
  variables_["REGISTRY_AUTH_FILE"] = home_.write("named.json", kPodman);
  EXPECT_EQ(found(*credentials(), "h.io"), "u2:p2");
  variables_["DOCKER_AUTH_CONFIG"] = kThird;
  EXPECT_EQ(found(*credentials(), "h.io"), "u3:p3");
  UserCredentialsOptions typed = options();
  typed.file = docker_file();
  EXPECT_EQ(found(UserCredentials(typed), "h.io"), "u:p");
}

// A-28: what has nothing for a registry does not hide the places after it.
TEST_F(UserCredentialsTest, GoesOnPastAPlaceThatHasNothing) {
  variables_["DOCKER_AUTH_CONFIG"] = R"({"auths":{"g.io":{"auth":"dTM6cDM="}}})";
  home_.write("run/containers/auth.json", kPodman);
  const auto source = with_config(R"({"auths":{"h.io":{}}})");
  EXPECT_EQ(found(*source, "h.io"), "u2:p2");
  EXPECT_EQ(found(*source, "g.io"), "u3:p3");
}

// A file that was asked for by name stands alone, and has to be there.
TEST_F(UserCredentialsTest, AsksANamedFileAndNoOther) {
  with_config(kDocker);
  UserCredentialsOptions typed = options();
  typed.file = home_.write("named.json", "{}");
  EXPECT_EQ(found(UserCredentials(typed), "h.io"), "-");
  typed.file = home_ / "missing.json";
  EXPECT_THAT(UserCredentials(typed).find(registry("h.io"), ""),
              HasError(ErrorCode::io, HasSubstr("missing.json: there is no such file")));
  variables_["REGISTRY_AUTH_FILE"] = home_ / "missing.json";
  EXPECT_THAT(credentials()->find(registry("h.io"), ""), HasError(ErrorCode::io));
}

// A-28, A-30: credHelpers, then credsStore, then the file's own entries.
TEST_F(UserCredentialsTest, AsksTheHelperBeforeTheEntriesOfItsFile) {
  working_helper("all");
  helper("one", R"(cat >/dev/null; echo '{"Username":"one","Secret":"1"}')");
  const auto source = with_config(
      R"({"auths":{"h.io":{},"i.io":{"auth":"dTpw"},"k.io":{"auth":"dTpw"}},
          "credsStore":"all","credHelpers":{"i.io":"one","k.io":""}})");
  EXPECT_EQ(found(*source, "h.io"), "h:s");
  EXPECT_EQ(found(*source, "i.io"), "one:1");
  EXPECT_EQ(found(*source, "k.io"), "u:p") << "docker: an empty name is the file itself";
}

// A-29: a helper without a registry is none, and not the one of every registry.
TEST_F(UserCredentialsTest, AsksNoHelperThatIsKeptUnderNoRegistry) {
  working_helper("all");
  const auto source = with_config(R"({"auths":{"h.io":{"auth":"dTpw"}},"credHelpers":{"":"all"}})");
  EXPECT_EQ(found(*source, "h.io"), "u:p");
}

TEST_F(UserCredentialsTest, TakesTheEntryWhereTheHelperHasNone) {
  helper_without("none");
  const auto source = with_config(R"({"auths":{"h.io":{"auth":"dTpw"}},"credsStore":"none"})");
  EXPECT_EQ(found(*source, "h.io"), "u:p");
  EXPECT_EQ(found(*source, "g.io"), "-");
}

// A-31: a helper that fails is an error, whatever else there is.
TEST_F(UserCredentialsTest, AHelperThatFailsIsNeverNoCredentials) {
  helper("broken", "echo 'the keychain is locked' >&2; exit 1");
  home_.write("run/containers/auth.json", kPodman);
  const auto source = with_config(R"({"auths":{"h.io":{"auth":"dTpw"}},"credsStore":"broken"})");
  EXPECT_THAT(source->find(registry("h.io"), ""),
              HasError(ErrorCode::bad_response, HasSubstr("the keychain is locked")));
  EXPECT_THAT(with_config(R"({"credsStore":"../x"})")->find(registry("h.io"), ""),
              HasError(ErrorCode::refused));
  // And never not_found, which would say that an image is gone.
  EXPECT_THAT(with_config(R"({"credsStore":"not-installed"})")->find(registry("h.io"), ""),
              HasError(ErrorCode::io, HasSubstr("docker-credential-not-installed is not in PATH")));
}

// A-30: a helper that is no name is an error for its registry alone.
TEST_F(UserCredentialsTest, AMalformedHelperIsAnErrorForItsRegistryAlone) {
  const auto source =
      with_config(R"({"auths":{"h.io":{"auth":"dTpw"}},"credHelpers":{"i.io":["x"]}})");
  EXPECT_EQ(found(*source, "h.io"), "u:p");
  EXPECT_THAT(source->find(registry("i.io"), ""), HasError(ErrorCode::invalid_argument));
}

// C.1-20.
TEST_F(UserCredentialsTest, RunsNoHelperOfAProject) {
  working_helper("all");
  const auto project = home_ / "project";
  home_.write("project/config.json", R"({"credsStore":"all","auths":{"h.io":{"auth":"dTpw"}}})");
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(project);
  for (const std::string& folder : {std::string("."), project.string()}) {
    variables_["DOCKER_CONFIG"] = folder;
    EXPECT_THAT(credentials()->find(registry("h.io"), ""),
                HasError(ErrorCode::refused, HasSubstr("current directory")));
    EXPECT_THAT(credentials()->store(registry("h.io"), {.username = "u"}),
                HasError(ErrorCode::refused));
  }
  std::filesystem::current_path(before);
  EXPECT_EQ(runs(), "");
}

// C.1-20: a variable may be set by whoever wrote the CI job.
TEST_F(UserCredentialsTest, RunsNoHelperThatAVariableNames) {
  working_helper("all");
  variables_["DOCKER_AUTH_CONFIG"] = R"({"credsStore":"all","credHelpers":{"h.io":"all"}})";
  EXPECT_EQ(found(*credentials(), "h.io"), "-");
  EXPECT_EQ(runs(), "");
}

// A client asks for each repository, and some helpers take seconds.
TEST_F(UserCredentialsTest, RunsAHelperOnceForManyLookUps) {
  working_helper("all");
  const auto source = with_config(R"({"credsStore":"all"})");
  {
    std::vector<std::jthread> threads;
    for (const char* repository : {"a", "b", "c", ""}) {
      threads.emplace_back(
          [&, repository] { EXPECT_EQ(found(*source, "h.io", repository), "h:s"); });
    }
  }
  EXPECT_EQ(runs(), "run\n");
  EXPECT_EQ(found(*source, "g.io"), "h:s");
  EXPECT_EQ(runs(), "run\nrun\n");
}

// A-31: a helper that hangs holds up its own registry, and no other.
TEST_F(UserCredentialsTest, WaitsForNoHelperOfAnotherRegistry) {
  const auto pipe = home_ / "go on";
  ASSERT_EQ(::mkfifo((home_ / "started").c_str(), 0600), 0);
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  // Ends when it is told to, and that is after the others have been answered.
  helper("slow", "cat >/dev/null; cd '" + home_.path().string() +
                     "'; echo >started; read go <'go on'; "
                     R"(echo '{"Username":"slow","Secret":"1"}')");
  working_helper("all");
  const auto source = with_config(
      R"({"auths":{"i.io":{"auth":"dTpw"}},"credHelpers":{"h.io":"slow","g.io":"all"}})");
  std::jthread waiting([&] { EXPECT_EQ(found(*source, "h.io"), "slow:1"); });
  EXPECT_EQ(read_file(home_ / "started"), "\n");
  EXPECT_EQ(found(*source, "i.io"), "u:p");
  EXPECT_EQ(found(*source, "g.io"), "h:s");
  EXPECT_THAT(source->store(registry("k.io"), {.username = "u", .password = Secret("p")}), IsOk());
  EXPECT_EQ(found(*source, "k.io"), "u:p");
  std::ofstream(pipe) << "go\n";
  waiting.join();
}

// A-4, A-31: docker keeps the login of Docker Hub under one name, podman under another.
TEST_F(UserCredentialsTest, AsksAHelperForDockerHubByBothOfItsNames) {
  helper("hub", R"(read s; echo "$s" >> )" + (home_ / "asked").string() + R"(
[ "$s" = docker.io ] || { echo 'credentials not found in native keychain'; exit 1; }
echo '{"ServerURL":"docker.io","Username":"h","Secret":"s"}')");
  EXPECT_EQ(found(*with_config(R"({"credsStore":"hub"})"), "docker.io"), "h:s");
  EXPECT_EQ(read_file(home_ / "asked"), "https://index.docker.io/v1/\ndocker.io\n");
}

// A-31: docker asks by its own key of the registry and by no other spelling; so does podman.
TEST_F(UserCredentialsTest, AsksTheHelperOfTheVeryKeyAlone) {
  working_helper("all");
  for (const char* key : {"https://h.io", "https://h.io/v1/", "h.io/v2/", "H.IO", "h.io/"}) {
    SCOPED_TRACE(key);
    const auto source = with_config(R"({"auths":{"h.io":{"auth":"dTpw"}},"credHelpers":{")" +
                                    std::string(key) + R"(":"all"}})");
    EXPECT_EQ(found(*source, "h.io"), "u:p");
    const auto stored = source->store(registry("h.io"), {.username = "u", .password = Secret("p")});
    ASSERT_THAT(stored, IsOk());
    EXPECT_THAT(stored->helpers, ::testing::IsEmpty());
  }
  EXPECT_EQ(runs(), "");
  EXPECT_EQ(found(*with_config(R"({"credHelpers":{"h.io":"all"}})"), "h.io"), "h:s");
}

TEST_F(UserCredentialsTest, ALoginForAPartGoesIntoNoHelper) {
  working_helper("all");
  const auto source = with_config(R"({"credsStore":"all"})");
  EXPECT_THAT(source->store(registry("h.io"), {.username = "u"}, "team"),
              HasError(ErrorCode::unsupported, HasSubstr("whole registries")));
  EXPECT_EQ(runs(), "");
}

TEST_F(UserCredentialsTest, ExplainsEveryPlaceInItsOrder) {
  home_.write("run/containers/auth.json", R"({"auths":{"h.io/team":{"auth":"dTI6cDI="}}})");
  const auto source = with_config(
      R"({"auths":{"https://h.io/v1/":{"auth":"dTpw"},"h.io/team":{"auth":"dTM6cDM="}}})");
  const auto looks = source->explain(registry("h.io"), "team/app");
  EXPECT_THAT(answers(looks), ElementsAre(Found::absent, Found::used, Found::shadowed,
                                          Found::shadowed, Found::absent, Found::absent));
  EXPECT_EQ(looks[0].place, "DOCKER_AUTH_CONFIG");
  EXPECT_EQ(looks[1].place, docker_file().string());
  EXPECT_EQ(looks[1].section, "auths");
  EXPECT_EQ(looks[1].key, "h.io/team");
  EXPECT_EQ(looks[1].username, "u3");
  EXPECT_EQ(looks[1].kind, "password");
  EXPECT_EQ(looks[2].key, "https://h.io/v1/");
  EXPECT_EQ(looks[3].place, (home_ / "run/containers/auth.json").string());
  EXPECT_THAT(
      answers(source->explain(registry("h.io"), "")),
      ElementsAre(Found::absent, Found::used, Found::nothing, Found::absent, Found::absent));
}

TEST_F(UserCredentialsTest, ExplainsWhatFindWouldDoWithAHelper) {
  working_helper("all");
  home_.write("run/containers/auth.json", R"({"credsStore":"all","auths":{}})");
  const auto source = with_config(R"({"auths":{"g.io":{"auth":"dTpw"}},"credsStore":"all"})");
  const auto looks = source->explain(registry("g.io"), "");
  EXPECT_THAT(answers(looks),
              ElementsAre(Found::absent, Found::used, Found::shadowed, Found::not_asked,
                          Found::nothing, Found::absent, Found::absent));
  EXPECT_EQ(looks[1].section, "credsStore");
  EXPECT_EQ(looks[1].helper, home_ / "bin/docker-credential-all");
  EXPECT_EQ(looks[1].username, "h");
  EXPECT_EQ(runs(), "run\n");
}

// C.1-15.
TEST_F(UserCredentialsTest, ExplainsWithoutASecret) {
  const auto source = with_config(
      R"({"auths":{"h.io":{"auth":"dTpzM2NyZXQ="},"i.io":{"identitytoken":"s3cret"},
                   "k.io":{"auth":"czNjcmV0"}}})");  // u:s3cret, and s3cret
  for (const char* name : {"h.io", "i.io", "k.io"}) {
    for (const CredentialLook& look : source->explain(registry(name), "")) {
      for (const std::string& text :
           {look.place, look.section, look.key, look.helper, look.username, look.kind, look.note}) {
        EXPECT_THAT(text, AllOf(Not(HasSubstr("s3cret")), Not(HasSubstr("czNjcmV0"))));
      }
    }
  }
}

TEST_F(UserCredentialsTest, ExplainsAPlaceThatCannotBeReadAsAFailure) {
  home_.write("run/containers/auth.json", kPodman);
  const auto looks = with_config("{")->explain(registry("h.io"), "");
  EXPECT_EQ(looks[1].found, Found::failed);
  EXPECT_THAT(looks[1].note, HasSubstr("malformed"));
  EXPECT_EQ(looks[2].found, Found::shadowed) << "what find() does not come to is not used";
}

// A-24: what takes away the login that was found, where something does.
TEST_F(UserCredentialsTest, GivesTheCommandThatTakesTheLoginAway) {
  working_helper("all");
  const auto logout = [&](const char* repository = "") {
    const auto found = credentials()->find(registry("h.io"), repository);
    return found && *found ? (*found)->logout : "no login";
  };
  home_.write(".dockercfg", R"({"h.io":{"auth":"dTpw"}})");
  EXPECT_EQ(logout(), "");
  const auto podmans = home_.write("run/containers/auth.json", kPodman);
  EXPECT_EQ(logout(), "purser logout h.io --authfile " + podmans.string());
  with_config(R"({"auths":{"h.io/team":{"auth":"dTpw"}}})");
  EXPECT_EQ(logout("team/app"), "purser logout h.io/team");
  with_config(R"({"credsStore":"all"})");
  EXPECT_EQ(logout("team/app"), "purser logout h.io");
  variables_["DOCKER_AUTH_CONFIG"] = kDocker;
  EXPECT_EQ(logout(), "");
}

// A helper that keeps what it is given in a file, as the real ones do elsewhere.
class KeepingTest : public UserCredentialsTest {
 protected:
  KeepingTest() {
    helper("keep", R"(cd )" + home_.path().string() + R"( && case $1 in
store) cat > kept ;;
get) cat > server; [ -e kept ] && cat kept || { echo 'credentials not found in native keychain'; exit 1; } ;;
erase) cat > server; rm kept ;;
esac)");
  }
  const Credential login_{.username = "u", .password = Secret("s3cret")};
};

// A-32.
TEST_F(KeepingTest, KeepsALoginInTheHelperAndNoSecretInTheFile) {
  const auto source = with_config(R"({"auths":{"h.io":{"auth":"eDp5"}},"credsStore":"keep"})");
  const auto home = source->store(registry("h.io"), login_);
  ASSERT_THAT(home, IsOk());
  EXPECT_THAT(home->helpers, ElementsAre("docker-credential-keep"));
  EXPECT_EQ(home->file, docker_file());
  EXPECT_EQ(found(*source, "h.io"), "u:s3cret");
  EXPECT_EQ(read_file(docker_file()),
            "{\n\t\"auths\": {\n\t\t\"h.io\": {}\n\t},\n\t\"credsStore\": \"keep\"\n}");
  const auto erased = source->erase(registry("h.io"));
  ASSERT_THAT(erased, IsOk());
  ASSERT_TRUE(erased->has_value());
  EXPECT_THAT((*erased)->helpers, ElementsAre("docker-credential-keep"));
  EXPECT_THAT((*erased)->keys, ElementsAre("h.io"));
  EXPECT_EQ(found(*source, "h.io"), "-");
  EXPECT_FALSE(std::filesystem::exists(home_ / "kept"));
}

// A-32: what a helper refuses does not end up in the file in its place.
TEST_F(KeepingTest, KeepsNothingWhereTheHelperFails) {
  helper("broken", "exit 1");
  const char* const text = R"({"credHelpers":{"h.io":"broken"}})";
  EXPECT_FALSE(with_config(text)->store(registry("h.io"), login_).has_value());
  EXPECT_EQ(read_file(docker_file()), text);
}

// A-32.
TEST_F(KeepingTest, KeepsALoginInTheFileThatWasNamed) {
  variables_["REGISTRY_AUTH_FILE"] = home_ / "deep/er/auth.json";
  const auto source = credentials();
  ASSERT_THAT(source->store(registry("h.io"), login_), IsOk());
  EXPECT_EQ(found(*source, "h.io"), "u:s3cret");
  EXPECT_FALSE(std::filesystem::exists(docker_file()));
  UserCredentialsOptions typed = options();
  typed.file = home_ / "typed.json";
  ASSERT_THAT(UserCredentials(typed).store(registry("h.io"), login_), IsOk());
  EXPECT_THAT(read_file(home_ / "typed.json"), HasSubstr("h.io"));
}

// A-32, C.1-15: a pipe names a helper, and a helper that has the login is too late to think of it.
TEST_F(KeepingTest, KeepsNothingWhereThereIsNoFileToKeepItIn) {
  std::array<int, 2> ends = {};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const std::string text = R"({"credsStore":"keep"})";
  ASSERT_EQ(::write(ends[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
  ::close(ends[1]);
  UserCredentialsOptions piped = options();
  piped.file = "/dev/fd/" + std::to_string(ends[0]);
  EXPECT_THAT(UserCredentials(piped).store(registry("h.io"), login_),
              HasError(ErrorCode::refused, HasSubstr("a pipe")));
  EXPECT_FALSE(std::filesystem::exists(home_ / "kept"));
  EXPECT_FALSE(std::filesystem::exists(home_ / "server")) << "the helper was run";
  ::close(ends[0]);
}

// A-28: as `--authfile <(program)` has it, so that no file needs to have the password.
TEST_F(UserCredentialsTest, ReadsALoginFromAPipe) {
  std::array<int, 2> ends = {};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  ASSERT_THAT(files::write_all(ends[1], kDocker, "pipe"), IsOk());
  ::close(ends[1]);
  UserCredentialsOptions piped = options();
  piped.file = "/dev/fd/" + std::to_string(ends[0]);
  const UserCredentials source(piped);
  EXPECT_EQ(found(source, "h.io"), "u:p");
  EXPECT_EQ(found(source, "h.io", "team/app"), "u:p") << "what was read is gone from the pipe";
  ::close(ends[0]);
}

// A-28, C.1-15: a pipe that nobody writes to holds nothing up, and is not taken for no login.
TEST_F(KeepingTest, FailsAtAPipeThatNobodyWritesTo) {
  UserCredentialsOptions piped = options();
  piped.file = home_ / "pipe";
  ASSERT_EQ(::mkfifo(piped.file.c_str(), 0600), 0);
  const UserCredentials source(piped);
  EXPECT_THAT(source.find(registry("h.io"), ""), HasError(ErrorCode::io, HasSubstr("a pipe")));
  UserCredentials changing(piped);
  EXPECT_THAT(changing.erase(registry("h.io")), HasError(ErrorCode::refused, HasSubstr("a pipe")));
  EXPECT_TRUE(std::filesystem::is_fifo(piped.file));
}

// As where somebody wants to be without logins. There is none to be rid of.
TEST_F(KeepingTest, ErasesNothingFromADevice) {
  variables_["REGISTRY_AUTH_FILE"] = "/dev/null";
  const auto erased = credentials()->erase(registry("h.io"));
  ASSERT_THAT(erased, IsOk());
  EXPECT_FALSE(erased->has_value());
}

// A-32.
TEST_F(KeepingTest, NamesTheFileThatItCannotWrite) {
  const std::string folder = home_.write("no folder", "");
  variables_["REGISTRY_AUTH_FILE"] = folder + "/auth.json";
  const auto home = credentials()->store(registry("h.io"), login_);
  ASSERT_FALSE(home.has_value());
  EXPECT_THAT(to_string(home.error()),
              AllOf(HasSubstr("the login of h.io: "), HasSubstr(folder), Not(HasSubstr("h.io/"))));
}

TEST_F(KeepingTest, ErasesWhatIsThereAndSaysWhereNothingWas) {
  const auto nothing = credentials()->erase(registry("h.io"));
  ASSERT_THAT(nothing, IsOk());
  EXPECT_FALSE(nothing->has_value());
  EXPECT_FALSE(std::filesystem::exists(docker_file())) << "a logout made a file";
  const auto source = with_config(R"({"auths":{"https://h.io":{"auth":"dTpw"},"g.io":{}}})");
  const auto erased = source->erase(registry("h.io"));
  ASSERT_THAT(erased, IsOk());
  EXPECT_THAT((*erased)->keys, ElementsAre("https://h.io"));
  EXPECT_THAT((*erased)->helpers, ::testing::IsEmpty());
  EXPECT_EQ(found(*source, "h.io"), "-");
}

}  // namespace
}  // namespace purser
