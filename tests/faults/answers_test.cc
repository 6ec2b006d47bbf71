// Answers of a status, a length or a content that nobody expected (A-97, A-98), over real HTTP, in
// the midst of a prune: what cannot be understood keeps everything in its repository, and what can
// be is no reason to stop.
#include <string>
#include <utility>
#include <vector>

#include "tests/faults/fault_fixture.h"

namespace purser::testing {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

struct Scenario {
  std::string name;
  std::string method;    // of the requests in team/app that are answered so; empty: any
  std::string contains;  // their targets; see kManifest
  FaultyWorld::Change change;
  std::string says = {};  // in a warning of the report
};
void PrintTo(const Scenario& scenario, std::ostream* out) { *out << scenario.name; }
std::string name_of(const ::testing::TestParamInfo<Scenario>& info) { return info.param.name; }

FaultyWorld::Change with_status(int status) {
  return [status](Answer& answer) { answer.response.status = status; };
}

FaultyWorld::Change with_header(const std::string& name, const std::string& value) {
  return [=](Answer& answer) {
    answer.response.headers.remove(name);
    answer.response.headers.fields.emplace_back(name, value);
  };
}

FaultyWorld::Change with_body(const std::string& type, const std::string& body) {
  return [=](Answer& answer) {
    with_header("Content-Type", type)(answer);
    answer.response.headers.remove("Content-Length");
    answer.response.status = 200;
    answer.response.body = body;
  };
}

// By so many bytes more than the body has, or fewer.
FaultyWorld::Change with_length_off_by(int difference) {
  return [difference](Answer& answer) {
    const auto length = static_cast<int>(answer.response.body.size()) + difference;
    with_header("Content-Length", std::to_string(length))(answer);
    with_header("Connection", "close")(answer);
  };
}

FaultyWorld::Change after_interim(const std::string& status) {
  return [status](Answer& answer) {
    answer.before =
        "HTTP/1.1 " + status + "\r\nLink: </v2/_catalog?last=zzz>; rel=\"next\"\r\n\r\n";
  };
}

constexpr const char* kManifest = "the manifest of old";  // in place of a part of its target
constexpr const char* kList = "/tags/list";

std::vector<Scenario> misunderstood() {
  return {
      // A-97
      {"AManifestWith204", "GET", kManifest, with_status(204), "204"},
      {"AManifestWith206", "GET", kManifest, with_status(206), "206"},
      {"AManifestWith304", "GET", kManifest, with_status(304), "304"},
      {"AListWith204", "GET", kList, with_status(204), "204"},
      {"AListWith206", "GET", kList, with_status(206), "206"},
      {"AListWith304", "GET", kList, with_status(304), "304"},
      {"AManifestThatIsALoginPage", "", kManifest,
       with_body("text/html", "<html>please log in</html>"), "hash to"},
      {"AListThatIsALoginPage", "", kList, with_body("text/html", "<html>please log in</html>"),
       "JSON"},
      {"AListOfADigest", "GET", kList,
       with_body("application/json",
                 R"({"tags":["doomed","sha256:)" + std::string(64, 'a') + "\"]}"),
       "not valid"},
      // A-98
      {"AManifestOfATooSmallLength", "GET", kManifest, with_length_off_by(-1), "hash to"},
      {"AManifestOfATooLargeLength", "GET", kManifest, with_length_off_by(1), "remaining"},
      {"AListOfATooSmallLength", "GET", kList, with_length_off_by(-1), "JSON"},
      {"AListOfATooLargeLength", "GET", kList, with_length_off_by(1), "remaining"},
      // C.1-5
      {"AManifestWithAMebibyteOfHeader", "GET", kManifest,
       with_header("X", std::string(1024 * 1024, 'x')), "header"},
  };
}

// Nothing is removed where it happens, everything elsewhere, and the report says both.
class MisunderstoodTest : public ::testing::TestWithParam<Scenario>, protected FaultyWorld {};

// A-44, A-80, A-97, A-98
TEST_P(MisunderstoodTest, KeepsItsRepository) {
  const Scenario& scenario = GetParam();
  const bool of_old = scenario.contains == kManifest;
  change(scenario.method, of_old ? old.str() : scenario.contains, scenario.change);
  const auto report = prune();
  ASSERT_THAT(report, IsOk());
  EXPECT_FALSE(report->complete());
  EXPECT_THAT(report->unread, Contains(kApp));
  EXPECT_THAT(report->warnings, Contains(HasSubstr(scenario.says)));
  EXPECT_THAT(report->warnings, Contains(HasSubstr(registry.host() + "/" + kApp)));
  expect_app_is_untouched();
  expect_well_is_pruned();
}

INSTANTIATE_TEST_SUITE_P(Answers, MisunderstoodTest, ::testing::ValuesIn(misunderstood()), name_of);

// A-90, C.1-22: in thirty years, as a number and as a date. Nobody waits for that, and the report
// says how long it would be.
class FarAwayTest : public ::testing::TestWithParam<const char*>, protected FaultyWorld {};

TEST_P(FarAwayTest, ARetryAfterKeepsTheRepositoryAndIsTold) {
  change("GET", kList, [](Answer& answer) {
    answer.response = {.status = 429, .headers = {{{"Retry-After", GetParam()}}}};
  });
  const auto report = prune();
  expect_app_is_untouched();
  const std::string told = report ? to_json(*report) : to_string(report.error());
  EXPECT_FALSE(report && report->complete());
  EXPECT_THAT(told, HasSubstr("429"));
  EXPECT_THAT(told, ::testing::ContainsRegex("[0-9]+ (s|h|d|days)"));
}

INSTANTIATE_TEST_SUITE_P(InBothForms, FarAwayTest,
                         ::testing::Values("1000000000", "Fri, 31 Dec 2055 23:59:59 GMT"),
                         [](const auto& of) { return of.index == 0 ? "Seconds" : "Date"; });

std::vector<Scenario> understood() {
  return {
      // A-97: an answer that comes in parts, and other words for "done".
      {"InterimAnswers", "", "", after_interim("103 Early Hints")},
      {"AContinueThatNobodyAskedFor", "", "", after_interim("100 Continue")},
      {"APutWith200", "PUT", "", with_status(200)},
      {"APutWith202", "PUT", "", with_status(202)},
      {"APutWith204", "PUT", "", with_status(204)},
      {"ADeleteWith200", "DELETE", "sha256:",
       [](Answer& answer) {
         if (answer.response.status == 202) answer.response.status = 200;
       }},
      {"ADeleteWith204", "DELETE", "sha256:",
       [](Answer& answer) {
         if (answer.response.status == 202) answer.response.status = 204;
       }},
      // A-98: a HEAD tells the length of what a GET sends packed, or of nothing.
      {"AHeadOfAnotherLength", "HEAD", "/manifests/", with_header("Content-Length", "17")},
      {"AHeadOfNoLength", "HEAD", "/manifests/", with_header("Content-Length", "0")},
      {"AHeadWithoutItsLength", "HEAD", "/manifests/", with_header("Transfer-Encoding", "chunked")},
  };
}

class UnderstoodTest : public ::testing::TestWithParam<Scenario>, protected FaultyWorld {};

// A-74, A-97, A-98
TEST_P(UnderstoodTest, EndsAsEver) {
  const Scenario& scenario = GetParam();
  change(scenario.method, scenario.contains, scenario.change);
  const auto report = prune();
  ASSERT_THAT(report, IsOk());
  EXPECT_TRUE(report->complete()) << to_json(*report);
  expect_pruned();
}

INSTANTIATE_TEST_SUITE_P(Answers, UnderstoodTest, ::testing::ValuesIn(understood()), name_of);

// A change whose answer says nothing that could be believed: the registry is looked at (A-92).
class DoneOrNotTest : public ::testing::TestWithParam<int>, protected FaultyWorld {};

// A-92, A-97
TEST_P(DoneOrNotTest, ADeleteIsReportedAsWhatCameOfIt) {
  const Digest doomed = *registry.content().tag(kApp, "doomed");
  change("DELETE", doomed.str(), with_status(GetParam()));
  const auto report = prune();
  ASSERT_THAT(report, IsOk());
  expect_kept_is_whole();
  expect_well_is_pruned();
  EXPECT_FALSE(registry.content().has(kApp, doomed));
  for (const ManifestReport& manifest : report->manifests) {
    EXPECT_TRUE(manifest.decision.digest != doomed || manifest.outcome != Outcome::skipped);
  }
  const auto next = prune();
  ASSERT_THAT(next, IsOk());
  EXPECT_TRUE(next->complete()) << to_json(*next);
  expect_pruned();
}

INSTANTIATE_TEST_SUITE_P(Statuses, DoneOrNotTest,
                         ::testing::Values(201, 205, 206, 226, 304, 418, 500, 503, 599));

}  // namespace
}  // namespace purser::testing
