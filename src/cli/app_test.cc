// The program as a whole: options, help, usage errors.
#include "cli/app.h"

#include <gmock/gmock.h>

#include <iterator>
#include <nlohmann/json.hpp>

#include "cli/app_fixture.h"
#include "cli/verb.h"
#include "purser/version.h"

namespace purser::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;
using Json = nlohmann::json;

using AppTest = AppFixture;

TEST_F(AppTest, ExplainsItselfAndEveryVerb) {
  const Ran program = run({"--help"});
  EXPECT_EQ(program.code, 0);
  EXPECT_THAT(program.err, IsEmpty());
  for (const VerbInfo& verb : all_verbs()) {
    const std::string name(verb.name);
    EXPECT_THAT(program.out, HasSubstr("  " + name));
    const Ran help = run({name, "--help"});
    EXPECT_EQ(help.code, 0) << name;
    EXPECT_THAT(help.out, AllOf(HasSubstr("Usage: purser " + name),
                                HasSubstr("Examples:\n  purser"), HasSubstr("Global options:")));
    EXPECT_EQ(run({"help", name}).out, help.out);
  }
}

TEST_F(AppTest, KeepsItsHelpWithinAHundredColumns) {
  for (const VerbInfo& verb : all_verbs()) {
    std::istringstream lines(run({std::string(verb.name), "--help"}).out);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 100u) << line;
  }
}

TEST_F(AppTest, SaysItsVersion) {
  EXPECT_EQ(run({"--version"}).out, "purser " PURSER_VERSION "\n");
  EXPECT_EQ(run({"tags", "--version"}).code, 0);
}

TEST_F(AppTest, AnswersAUsageErrorWithTwoAndASentence) {
  const std::vector<std::vector<std::string>> cases = {{},
                                                       {"tagz", "a"},
                                                       {"--frob"},
                                                       {"tags"},
                                                       {"tags", "a", "b"},
                                                       {"tags", "a", "--frob"},
                                                       {"-o", "yaml", "parse", "a"},
                                                       {"--in-flight", "0", "parse", "a"},
                                                       {"--timeout", "0", "parse", "a"},
                                                       {"put", "localhost/a:1"},
                                                       {"parse", "A B"},
                                                       {"--password-stdin", "tags", "a"}};
  for (const auto& arguments : cases) {
    const Ran ran = run(arguments);
    EXPECT_EQ(ran.code, 2) << ::testing::PrintToString(arguments) << ran.err;
    EXPECT_THAT(ran.err, StartsWith("purser: "));
    EXPECT_THAT(ran.out, IsEmpty());
  }
}

TEST_F(AppTest, OffersTheVerbThatWasMeant) {
  EXPECT_THAT(run({"tagz", "a"}).err, HasSubstr("Did you mean tags?"));
  EXPECT_THAT(run({"frobnicate"}).err, HasSubstr("`purser --help` lists the verbs"));
}

TEST_F(AppTest, TakesGlobalOptionsBeforeAndAfterTheVerb) {
  const Ran before = run({"-o", "json", "parse", "ubuntu"});
  const Ran after = run({"parse", "ubuntu", "-o", "json"});
  EXPECT_EQ(before.code, 0);
  EXPECT_EQ(before.out, after.out);
  EXPECT_EQ(Json::parse(after.out)["repository"], "library/ubuntu");
}

TEST_F(AppTest, ParsesAReferenceIntoItsParts) {
  const std::string digest = "sha256:" + std::string(64, 'a');
  const Ran ran = run({"parse", "-o", "json", "[::1]:5000/team/app:v1@" + digest});
  EXPECT_EQ(ran.code, 0);
  EXPECT_EQ(Json::parse(ran.out), Json({{"registry", "[::1]:5000"},
                                        {"repository", "team/app"},
                                        {"namespace", "team"},
                                        {"image", "app"},
                                        {"tag", "v1"},
                                        {"digest", digest}}));
}

TEST_F(AppTest, SaysNullForThePartsThatAReferenceLacks) {
  const Json parts = Json::parse(run({"parse", "localhost/app", "-o", "json"}).out);
  EXPECT_TRUE(parts["tag"].is_null());
  EXPECT_TRUE(parts["digest"].is_null());
  EXPECT_TRUE(parts["namespace"].is_null());
}

TEST_F(AppTest, TakesANameWithADashAfterTwoDashes) {
  const Ran ran = run({"parse", "--", "-rf"});
  EXPECT_EQ(ran.code, 2);  // no reference, and no option either
  EXPECT_THAT(ran.err, AllOf(HasSubstr("-rf"), Not(HasSubstr("no option"))));
}

TEST_F(AppTest, SendsAPasswordOfTheCommandLineToItsRegistryAlone) {
  ::setenv("PURSER_PASSWORD", "s3cret", 1);
  const Ran ran = run({"-u", "ann", "digest", "registry.test/a:1", "other.test/a:1"});
  EXPECT_EQ(ran.code, 2);
  EXPECT_THAT(ran.err, AllOf(HasSubstr("-u belongs to one registry"), Not(HasSubstr("s3cret"))));
}

// C.1-15: a second registry's stored password would go out in clear.
TEST_F(AppTest, SpeaksPlainHttpToOneRegistryOfTheRun) {
  registry_->add_image("a", "1");
  const Ran ran =
      run({"--plain-http", "digest", "registry.test/a:1", "localhost:5000/a:1", "other.test/a:1"});
  EXPECT_EQ(ran.code, 2);
  EXPECT_THAT(ran.err, HasSubstr("--plain-http belongs to one registry"));
  // That this registry does not know the other host is another matter.
  EXPECT_THAT(run({"--plain-http", "digest", "registry.test/a:1", "localhost:5000/a:1"}).err,
              AllOf(HasSubstr("localhost:5000"), Not(HasSubstr("belongs to one"))));
}

TEST_F(AppTest, WantsAPasswordForAUser) {
  const Ran ran = run({"-u", "ann", "digest", "registry.test/a:1"});
  EXPECT_EQ(ran.code, 2);
  EXPECT_THAT(ran.err, HasSubstr("PURSER_PASSWORD"));
}

TEST_F(AppTest, NamesACredentialFileThatIsNotThere) {
  const Ran ran = run({"--authfile", path("none"), "catalog", "registry.test"});
  EXPECT_EQ(ran.code, 1);
  EXPECT_THAT(ran.err, HasSubstr("no such file"));
}

// The reference in docs/ is written by hand, and so could fall behind.
TEST_F(AppTest, IsDocumentedInFull) {
  std::ifstream file(PURSER_SOURCE_DIR "/docs/cli.md");
  const std::string document((std::istreambuf_iterator<char>(file)), {});
  for (const VerbInfo& verb : all_verbs()) {
    const std::string name(verb.name);
    EXPECT_THAT(document, HasSubstr("`" + name + " ")) << name;
    std::istringstream words(run({name, "--help"}).out);
    for (std::string word; words >> word;) {
      if (!word.starts_with("--") || word.size() < 4) continue;
      while (!std::isalnum(static_cast<unsigned char>(word.back()))) word.pop_back();
      EXPECT_THAT(document, HasSubstr(word)) << "an option of " << name;
    }
  }
}

}  // namespace
}  // namespace purser::cli
