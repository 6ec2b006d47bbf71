// Answers that are too long, too many, packed, or never end (C.1-5 to C.1-7, C.1-22).
#include <fmt/format.h>

#include "testing/raw_server.h"
#include "tests/evil/evil_fixture.h"

namespace purser::testing {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;

class EvilAnswerTest : public EvilTest {
 protected:
  static constexpr const char* kManifests = "/v2/app/manifests/";

  Result<Manifest> manifest() const {
    return client_of(anonymous(registry_)).manifest(v1_of(registry_));
  }

  EvilRegistry registry_;
};

// C.1-5, A-50
TEST_F(EvilAnswerTest, OfAManifestEndsAt4MiB) {
  const std::string huge = "{\"x\":\"" + std::string(4 * 1024 * 1024, 'x') + "\"}";
  registry_.on("GET", kManifests, json_answer(200, huge));
  EXPECT_THAT(manifest(), HasError(ErrorCode::too_large));
  registry_.on("GET", kManifests, json_answer(200, huge, {{"Transfer-Encoding", "chunked"}}));
  EXPECT_THAT(manifest(), HasError(ErrorCode::too_large));
}

// C.1-5
TEST_F(EvilAnswerTest, HasAHeaderOfSomeKibibytesAtMost) {
  registry_.on("GET", kManifests, json_answer(200, "{}", {{"X", std::string(70'000, 'x')}}));
  EXPECT_THAT(manifest(), HasError(ErrorCode::too_large, HasSubstr("header")));
  HeaderFields fields;
  for (int i = 0; i < 150; ++i) fields.emplace_back(fmt::format("X-{}", i), "x");
  registry_.on("GET", kManifests, json_answer(200, "{}", fields));
  EXPECT_THAT(manifest(), HasError(ErrorCode::too_large, HasSubstr("header")));
}

// C.1-5: what is refused is refused, however long the page that says so.
TEST_F(EvilAnswerTest, OfAnErrorIsTheErrorThoughItIsLong) {
  registry_.on("GET", kManifests, error_answer(403, "DENIED", "no " + std::string(200'000, 'x')));
  const auto read = manifest();
  ASSERT_THAT(read, HasError(ErrorCode::forbidden));
  EXPECT_LT(to_string(read.error()).size(), 1000U);
}

// C.1-6: nothing is set aside for a number.
TEST_F(EvilAnswerTest, MayAnnounceWhatItLikes) {
  for (const char* length : {"9223372036854775807", "99999999999999999999999", "1099511627776"}) {
    registry_.on("GET", kManifests, json_answer(200, "{}", {{"Content-Length", length}}));
    EXPECT_FALSE(manifest()) << length;
    registry_.on(
        "HEAD", kManifests,
        json_answer(200, "",
                    {{"Content-Length", length}, {"Docker-Content-Digest", image_.digest}}));
    const auto head = client_of(anonymous(registry_)).head(v1_of(registry_));
    EXPECT_TRUE(!head || head->size >= -1) << length;
  }
}

// C.1-6: nor for the size that a descriptor claims.
TEST_F(EvilAnswerTest, MayClaimAnySizeOfABlob) {
  const std::string config = R"({"architecture":"amd64","os":"linux"})";
  registry_.on("GET", "/v2/app/blobs/", {.response = {.status = 200, .body = config}});
  for (const char* size : {"9223372036854775807", "8388609", "1"}) {
    registry_.on(
        "GET", kManifests,
        {.response = {
             .status = 200,
             .headers = {{{"Content-Type", "application/vnd.oci.image.manifest.v1+json"}}},
             .body = fmt::format(
                 R"({{"schemaVersion":2,"config":{{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{}","size":{}}},"layers":[]}})",
                 digest_of(config), size)}});
    const ProcessResult result = purser_({"config", registry_.host() + "/app:v1"});
    EXPECT_TRUE(result.exit_code.has_value()) << result.describe();
    EXPECT_FALSE(result.ok()) << size;
  }
}

// C.1-7, A-50: asked for as it is, everywhere.
TEST_F(EvilAnswerTest, IsAskedForUnpacked) {
  registry_.on("GET", "/v2/", page(R"({"tags":["v1"],"repositories":["app"]})"));
  registry_.on("", kManifests, manifest_answer(image_));
  for (const BuiltBlob& blob : image_.blobs) {
    registry_.on("GET", "/v2/app/blobs/" + blob.digest, {.response = {.body = blob.bytes}});
  }
  const std::string app = registry_.host() + "/app";
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"ping", registry_.host()},
                                             {"catalog", registry_.host()},
                                             {"tags", app, "--long"},
                                             {"digest", app + ":v1"},
                                             {"manifest", app + ":v1"},
                                             {"inspect", app + ":v1"},
                                             {"config", app + ":v1"}}) {
    EXPECT_EQ(purser_(arguments).exit_code, 0) << arguments.front();
  }
  for (const WireRequest& request : registry_.requests()) {
    EXPECT_EQ(request.headers.get("Accept-Encoding"), "identity") << request.describe();
  }
}

// C.1-7: a bomb is not unpacked; what it would unpack to is not known.
TEST_F(EvilAnswerTest, ThatIsPackedAllTheSameIsNotUnpacked) {
  // gzip of {"tags":["v1"]}
  const std::string packed(
      "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xab\x56\x2a\x49\x4c\x2f\x56\xb2\x8a\x56\x2a\x33"
      "\x54\x8a\xad\x05\x00\xc8\x82\x8b\x79\x0f\x00\x00\x00",
      35);
  for (const char* encoding : {"gzip", "br", "deflate"}) {
    const Answer answer = json_answer(200, packed, {{"Content-Encoding", encoding}});
    registry_.on("GET", "/v2/", answer);
    EXPECT_FALSE(client_of(anonymous(registry_)).tags(app_of(registry_)));
    EXPECT_FALSE(manifest());
  }
}

// C.1-7, A-49: the digest is of the bytes that came.
TEST_F(EvilAnswerTest, IsHashedAsItCame) {
  Answer answer = manifest_answer(image_);
  answer.response.headers.fields.emplace_back("Content-Encoding", "gzip");
  registry_.on("GET", kManifests, answer);
  EXPECT_THAT(manifest(), IsOk()) << "mislabelled, and right to the byte";
}

// C.1-5: one that begins and never ends.
TEST_F(EvilAnswerTest, ThatNeverEndsEndsAtTheDeadline) {
  for (const char* begin :
       {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"}) {
    RawServer slow([&](const std::string&) {
      return RawServer::Answer{begin, RawServer::Answer::Then::hold};
    });
    ClientOptions options;
    options.registry = "127.0.0.1:" + std::to_string(slow.port());
    EXPECT_THAT(client_of(options).tags(repository_in(options.registry, "app"),
                                        {.call = {.deadline = std::chrono::milliseconds(200)}}),
                HasError(ErrorCode::cancelled))
        << begin;
  }
}

// C.1-22, A-90: a registry that asks for thirty years.
TEST_F(EvilAnswerTest, CannotMakeAnybodyWaitForEver) {
  for (const char* when : {"1000000000", "99999999999999999999", "Fri, 31 Dec 9999 23:59:59 GMT"}) {
    registry_.on("GET", "/v2/",
                 error_answer(429, "TOOMANYREQUESTS", "slow down", {{"Retry-After", when}}));
    registry_.server().forget_requests();
    EXPECT_THAT(purser_({"tags", registry_.host() + "/app"}), Fails(6, HasSubstr("429"))) << when;
    EXPECT_EQ(registry_.count(), 1U) << when;
  }
}

// C.1-22: and six attempts are what it gets.
TEST_F(EvilAnswerTest, IsNotAskedForEver) {
  for (const int status : {429, 500, 503}) {
    registry_.on("GET", "/v2/", error_answer(status, "UNKNOWN", "no", {{"Retry-After", "0"}}));
    registry_.server().forget_requests();
    EXPECT_FALSE(client_of(anonymous(registry_)).tags(app_of(registry_)));
    EXPECT_EQ(registry_.count(), 6U) << status;
  }
}

// C.1-13, A-52: a manifest that two readers would read in two ways is read in none.
TEST_F(EvilAnswerTest, IsNoManifestWhereItsJsonIsNotPlain) {
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  for (const std::string& member : std::vector<std::string>{
           R"("a":1,"a":2)", R"("a":1e999)", R"("a":"\ud800")", "\"a\":\"\xff\"", "\"a\":" + deep,
           R"("a":NaN)", R"("a":'x')", R"("a":1,)", "\"a\":\"\x01\""}) {
    const std::string bytes = R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.)"
                              R"(index.v1+json","manifests":[],)" +
                              member + "}";
    registry_.on(
        "GET", kManifests,
        {.response = {.headers = {{{"Content-Type", "application/vnd.oci.image.index.v1+json"}}},
                      .body = bytes}});
    EXPECT_FALSE(manifest()) << member.substr(0, 40);
  }
}

// C.1-11: the digest of the bytes decides, not the header and not its algorithm.
TEST_F(EvilAnswerTest, IsKnownByItsOwnHashAlone) {
  Answer answer = manifest_answer(image_);
  for (const std::string& claimed :
       {"sha256:" + std::string(64, 'a'), "sha512:" + std::string(128, 'a')}) {
    answer.response.headers.fields = {{"Content-Type", image_.media_type},
                                      {"Docker-Content-Digest", claimed}};
    registry_.on("GET", kManifests, answer);
    const auto read = manifest();
    if (read) {
      EXPECT_EQ(read->digest().str(), image_.digest) << claimed;
    } else {
      EXPECT_EQ(read.error().code, ErrorCode::digest_mismatch) << claimed;
    }
  }
}

}  // namespace
}  // namespace purser::testing
