// Deleting manifests (A-73, A-74, A-92).
#include <set>

#include "registry/client_fixture.h"

namespace purser {
namespace {

using testing::HasError;
using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::StartsWith;
using Answer = DeleteSupport::Answer;

class DeleteTest : public ClientTest {
 protected:
  Status remove() { return client().delete_manifest(repository("a"), image_); }
  Result<DeleteSupport> probe() { return client().probe_delete(repository("a")); }

  Digest image_ = registry_->add_image("a", "v1");
};

TEST_F(DeleteTest, IsDoneBy202) {
  EXPECT_THAT(remove(), IsOk());
  EXPECT_FALSE(registry_->has("a", image_));
  EXPECT_EQ(registry_->count(""), 1u);
}

TEST_F(DeleteTest, IsNotFoundWhereThereIsNone) {
  EXPECT_THAT(client().delete_manifest(repository("a"), Digest::of("none")),
              HasError(ErrorCode::not_found));
}

TEST_F(DeleteTest, SaysHowDeletesAreEnabled) {
  change([](auto& options) { options.deletes_enabled = false; });
  const Status status = remove();
  ASSERT_THAT(status, HasError(ErrorCode::unsupported, HasSubstr("switched off")));
  EXPECT_THAT(status.error().hint, HasSubstr("REGISTRY_STORAGE_DELETE_ENABLED=true"));
  EXPECT_TRUE(registry_->has("a", image_));
}

TEST_F(DeleteTest, IsForbiddenWithoutTheRight) {
  change([](auto& options) { options.delete_right = false; });
  EXPECT_THAT(remove(), HasError(ErrorCode::forbidden));
}

// Some servers and proxies answer 404 to every DELETE.
TEST_F(DeleteTest, DoesNotBelieveA404WhileTheManifestIsServed) {
  change([](auto& options) { options.delete_always_404 = true; });
  EXPECT_THAT(remove(), HasError(ErrorCode::unsupported, HasSubstr("still serves")));
}

// A-92: the truth is read back.
TEST_F(DeleteTest, SettlesWhatHappenedByReadingBack) {
  struct Row {
    Fault::Kind kind;
    int status;
    bool done;
  };
  for (const Row& row : {
           Row{Fault::Kind::status_after, 500, true},
           Row{Fault::Kind::status, 500, false},
           Row{Fault::Kind::status_after, 200, true},
           Row{Fault::Kind::status_after, 204, true},
           Row{Fault::Kind::status, 200, false},
           Row{Fault::Kind::broken_after, 0, true},
           Row{Fault::Kind::broken_before, 0, false},
       }) {
    registry_->clear_faults();
    registry_->add_image("a", "v1");
    registry_->fail({.method = "DELETE", .times = -1, .kind = row.kind, .status = row.status});
    const Status status = remove();
    EXPECT_EQ(status.has_value(), row.done) << row.status;
    EXPECT_EQ(registry_->has("a", image_), !row.done) << row.status;
    if (!status) {
      EXPECT_THAT(status.error().message, HasSubstr("still there"));
    }
  }
}

TEST_F(DeleteTest, IsNotSentAgainAfterABrokenTransfer) {
  registry_->fail({.method = "DELETE", .kind = Fault::Kind::broken_before});
  EXPECT_FALSE(remove());
  EXPECT_EQ(registry_->count("DELETE"), 1u);
}

// A-92: its caller looks again before the next try.
TEST_F(DeleteTest, IsSentOnceWhereItsCallerAsksForThat) {
  const std::string target = "/manifests/" + image_.str();
  registry_->fail({.method = "DELETE", .status = 429, .headers = {{"Retry-After", "7"}}});
  const Status status = client().delete_manifest(repository("a"), image_, {.once = true});
  ASSERT_THAT(status, HasError(ErrorCode::rate_limited, HasSubstr("asks to wait 7 s")));
  EXPECT_TRUE(status.error().not_done);
  EXPECT_EQ(status.error().retry_after, std::chrono::seconds(7));
  EXPECT_EQ(registry_->count("", target), 1u) << "nothing to be read back";
  EXPECT_TRUE(registry_->has("a", image_));
}

TEST_F(DeleteTest, IsAnErrorWhereTheTruthCannotBeRead) {
  registry_->fail({.method = "DELETE", .kind = Fault::Kind::broken_after});
  registry_->fail({.method = "GET", .times = -1, .status = 503});
  EXPECT_THAT(remove(), HasError(ErrorCode::unreachable, HasSubstr("could not be told")));
}

TEST_F(DeleteTest, DoesNotTakeABare404ForGone) {
  registry_->on_request([](const testing::SeenRequest& seen) -> std::optional<http::Outcome> {
    return http::Outcome(seen.method == "DELETE" ? reply(500, "")
                                                 : reply(404, "<html>no route</html>"));
  });
  EXPECT_THAT(remove(), HasError(ErrorCode::unreachable, HasSubstr("could not be told")));
}

TEST_F(DeleteTest, IsAConflictWhereSomethingStillRefersToIt) {
  registry_->fail({.method = "DELETE", .status = 409});
  EXPECT_THAT(remove(), HasError(ErrorCode::conflict));
  registry_->fail({.method = "DELETE",
                   .status = 400,
                   .body = R"({"errors":[{"code":"GOOGLE_MANIFEST_DANGLING_TAG"}]})"});
  EXPECT_THAT(remove(), HasError(ErrorCode::conflict));
}

// A-73.
TEST_F(DeleteTest, ProbesWithADigestThatNothingHas) {
  std::set<std::string> digests;
  for (int i = 0; i < 3; ++i) {
    auto support = probe();
    ASSERT_THAT(support, IsOk());
    EXPECT_EQ(support->answer, Answer::enabled);
    EXPECT_THAT(registry_->log().back().target, StartsWith("/v2/a/manifests/sha256:"));
    digests.insert(registry_->log().back().target);
  }
  EXPECT_EQ(digests.size(), 3u);
  EXPECT_TRUE(registry_->has("a", image_));
}

TEST_F(DeleteTest, ProbesEachAnswerThatIsNoYes) {
  struct Row {
    int status;
    std::string body;
    Answer expected;
  };
  const std::string unsupported = R"({"errors":[{"code":"UNSUPPORTED"}]})";
  for (const Row& row : {
           Row{405, "", Answer::disabled},
           Row{405, unsupported, Answer::disabled},
           Row{400, unsupported, Answer::disabled},
           Row{403, "", Answer::no_right},
           Row{404, "", Answer::unknown},
           Row{404, "<html>", Answer::unknown},
           Row{404, R"({"errors":[{"code":"NAME_UNKNOWN"}]})", Answer::unknown},
           Row{400, "", Answer::unknown},
           Row{200, "", Answer::unknown},
           Row{202, "", Answer::unknown},
       }) {
    registry_->clear_faults();
    registry_->fail({.method = "DELETE", .status = row.status, .body = row.body});
    auto support = probe();
    ASSERT_THAT(support, IsOk()) << row.status;
    EXPECT_EQ(support->answer, row.expected) << row.status << row.body;
  }
}

// A 401 that names a missing scope comes after credentials that were accepted.
TEST_F(DeleteTest, ProbesAMissingScopeAsNoRight) {
  change([](auto& options) { options.authorization = "Basic dXNlcjpwYXNz"; });
  ClientOptions options = client_options();
  options.credentials = single_credential(*RegistryName::parse("registry.test"),
                                          {.username = "user", .password = Secret("pass")});
  registry_->after_request([](const testing::SeenRequest& seen, http::Outcome& outcome) {
    if (seen.method != "DELETE" || !seen.headers.get("Authorization")) return;
    outcome = reply(401, "", {{"WWW-Authenticate", "Basic error=\"insufficient_scope\""}});
  });
  auto support = client(std::move(options)).probe_delete(repository("a"));
  ASSERT_THAT(support, IsOk());
  EXPECT_EQ(support->answer, Answer::no_right);
}

}  // namespace
}  // namespace purser
