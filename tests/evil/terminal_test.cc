// What a registry writes is read by people at terminals (C.1-10): names, messages, headers, media
// types, annotations and labels, by every verb, in text and JSON, however much it tells.
#include <fmt/format.h>

#include "core/text.h"
#include "tests/evil/evil_fixture.h"

namespace purser::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// Sets the title, clears the screen, turns the text, goes back over the line; in JSON as escapes.
constexpr std::string_view kInJson =
    R"(\u001b]0;owned\u0007\u001b[2J\u009b31m\u202egnp\u2066\u007f\u0085\r\b)";
// The same as bytes, and a C1 of one byte, as a header can carry it.
constexpr std::string_view kBytes =
    "\x1b]0;owned\x07\x1b[2J\xc2\x9b"
    "31m\xe2\x80\xaegnp\xe2\x81\xa6\x7f\xc2\x85\x9b"
    "1m\b";

class EvilTextTest : public EvilTest {
 protected:
  // With each of these ways to write and to tell, none of which shows what a terminal obeys.
  void expect_fit_for_terminal(const std::vector<std::string>& arguments,
                               const std::vector<std::vector<std::string>>& ways) const {
    for (const std::vector<std::string>& more : ways) {
      std::vector<std::string> all = arguments;
      all.insert(all.end(), more.begin(), more.end());
      const ProcessResult result = purser_as_alice(all);
      ASSERT_TRUE(result.exit_code.has_value()) << result.describe();
      EXPECT_TRUE(is_fit_for_terminal(without_colours(result.out)))
          << fmt::format("{} ", fmt::join(all, " ")) << sanitize_for_terminal(result.out);
      EXPECT_TRUE(is_fit_for_terminal(without_colours(result.err)))
          << fmt::format("{} ", fmt::join(all, " ")) << sanitize_for_terminal(result.err);
    }
  }
  // The program's own, which --color always asks for.
  static std::string without_colours(std::string text) {
    for (const std::string_view colour :
         {"\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[32m", "\x1b[33m"}) {
      for (auto at = text.find(colour); at != std::string::npos; at = text.find(colour)) {
        text.erase(at, colour.size());
      }
    }
    return text;
  }
  std::vector<std::vector<std::string>> every_verb() const {
    const std::string host = registry_.host();
    const std::string app = host + "/app";
    const std::string file = purser_.home().write("manifest.json", image_.bytes).string();
    return {{"ping", host},
            {"ping", app, "--check-delete"},
            {"catalog", host},
            {"tags", app},
            {"tags", app, "--long"},
            {"digest", app + ":v1"},
            {"manifest", app + ":v1"},
            {"inspect", app + ":v1"},
            {"config", app + ":v1"},
            {"tag", app + ":v1", "v2"},
            {"untag", app + ":v1"},
            {"put", app + ":v1", file},
            {"delete", app + ":v1"},
            {"plan", app, "--keep", "app:v1", "--allow-missing"},
            {"plan", app, "--keep", "app:v1", "--allow-missing", "--out", "-"},
            {"prune", app, "--keep", "app:none", "--allow-missing", "--allow-empty", "--yes"}};
  }

  EvilRegistry registry_;
};

// Errors of each kind, with what a terminal would obey wherever a server can put it.
std::vector<Answer> evil_errors() {
  return {
      error_answer(403, std::string("DENIED") + std::string(kInJson), kInJson),
      error_answer(400, kInJson, kInJson),
      json_answer(403, "{\"details\":\"" + std::string(kInJson) + "\"}"),
      {.response = {.status = 404, .body = "<title>" + std::string(kBytes) + "</title>"}},
      {.response = {.status = 418, .body = std::string(kBytes)}},
      {.response = {.status = 200, .body = std::string(kBytes)}},
      redirect(307, std::string(kBytes)),
      redirect(307, "http://127.0.0.1:1/" + std::string(kBytes)),
      page(R"({"tags":["a"],"repositories":["a"]})", "<" + std::string(kBytes) + ">; rel=next"),
      page(R"({"tags":["a"],"repositories":["a"]})",
           "<http://" + std::string(kBytes) + "/>; rel=next; " + std::string(kBytes)),
      challenge({"Bearer realm=\"" + std::string(kBytes) + "\""}),
      challenge({"Bearer realm=\"https://" + std::string(kBytes) + "/\",service=\"" +
                 std::string(kBytes) + "\",error=\"" + std::string(kBytes) + "\""}),
      challenge({"Evil" + std::string(kBytes) + " realm=\"x\""}),
      challenge({"Basic realm=\"" + std::string(kBytes) + "\""}),
      error_answer(405, "UNSUPPORTED", kInJson,
                   {{"Warning", "299 - \"" + std::string(kBytes) + "\""}}),
  };
}

class EvilErrorTextTest : public EvilTextTest, public ::testing::WithParamInterface<std::size_t> {};

// C.1-10
TEST_P(EvilErrorTextTest, IsShownWithoutWhatATerminalObeys) {
  registry_.on("", "/", evil_errors()[GetParam()]);
  for (const std::vector<std::string>& arguments : every_verb()) {
    expect_fit_for_terminal(arguments, {{"-vv"}, {"-o", "json", "-vv"}});
  }
}
INSTANTIATE_TEST_SUITE_P(Each, EvilErrorTextTest,
                         ::testing::Range<std::size_t>(0, evil_errors().size()));

// C.1-10
TEST_F(EvilTextTest, InAnswersIsShownWithoutWhatATerminalObeys) {
  const std::string evil(kInJson);
  const std::string config = R"({"architecture":"amd)" + evil + R"(","os":"linux)" + evil +
                             R"(","created":")" + evil + R"(","config":{"Labels":{"label)" + evil +
                             R"(":")" + evil + R"("},"Cmd":[")" + evil + R"("]}})";
  const std::string manifest = fmt::format(
      R"({{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",)"
      R"("artifactType":"{0}","config":{{"mediaType":"application/x{0}","digest":"{1}","size":{2}}},)"
      R"("layers":[{{"mediaType":"{0}","digest":"{1}","size":{2},"annotations":{{"{0}":"{0}"}}}}],)"
      R"("annotations":{{"note{0}":"{0}"}}}})",
      evil, digest_of(config), config.size());
  registry_.on("GET", "/v2/",
               json_answer(200, "{}",
                           {{"Docker-Distribution-API-Version", std::string(kBytes)},
                            {"X-Evil", std::string(kBytes)}}));
  registry_.on("GET", "/v2/_catalog", page(R"({"repositories":["app","r)" + evil + R"("]})"));
  registry_.on("GET", "/v2/app/tags/list", page(R"({"tags":["v1","t)" + evil + R"("]})"));
  registry_.on("GET", "/v2/app/blobs/", {.response = {.body = config}});
  for (const std::string& type :
       {std::string("application/vnd.oci.image.manifest.v1+json"),
        "application/vnd.oci.image.manifest.v1+json; x=" + std::string(kBytes),
        "application/" + std::string(kBytes)}) {
    registry_.on("", "/v2/app/manifests/",
                 {.response = {.headers = {{{"Content-Type", type},
                                            {"Docker-Content-Digest", digest_of(manifest)}}},
                               .body = manifest}});
    for (const std::vector<std::string>& arguments : every_verb()) {
      expect_fit_for_terminal(
          arguments, {{"-v", "--color", "always"}, {"-o", "json", "-vv"}, {"-o", "jsonl"}});
    }
  }
}

// C.1-10: what is shown is all the same what is there.
TEST_F(EvilTextTest, LosesNothingElse) {
  registry_.on("", "/v2/", error_answer(403, "DENIED", R"(zu spät für \u001b[31mbücher 🚢)"));
  EXPECT_THAT(purser_({"tags", registry_.host() + "/app"}),
              Fails(4, HasSubstr("zu spät für [31mbücher 🚢")));
}

// C.1-10: a terminal reads what went into a pipe; whoever reads JSON reads it as it was.
TEST_F(EvilTextTest, IsEscapedInJsonAndNotLost) {
  const BuiltManifest image = build_image({.annotations = {{"note",
                                                            "\xc2\x9b"
                                                            "31m \xe2\x80\xae gnp ü"}}});
  registry_.on("GET", "/v2/app/manifests/", manifest_answer(image));
  const ProcessResult shown = purser_({"manifest", registry_.host() + "/app:v1"});
  EXPECT_THAT(shown.out, HasSubstr(R"("note": "\u009b31m \u202e gnp ü")"));
  EXPECT_THAT(purser_({"manifest", registry_.host() + "/app:v1", "--raw"}), Answers(image.bytes));
  EXPECT_THAT(shown.out, Not(HasSubstr("\xe2\x80\xae")));
}

}  // namespace
}  // namespace purser::testing
