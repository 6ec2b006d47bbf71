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

  // The program, with no more memory than that. A sanitizer sets more than that aside for itself.
  ProcessResult within_1_gib(const std::vector<std::string>& arguments) const {
#ifdef __SANITIZE_ADDRESS__
    return purser_(arguments);
#else
    std::vector<std::string> command = purser_.command(arguments);
    command.insert(command.begin(), {"prlimit", "--as=1073741824"});
    return run(command, purser_.options());
#endif
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

// C.1-6: nothing is set aside for a number. The first two are more than the program may have here,
// and the body is a whole manifest.
TEST_F(EvilAnswerTest, MayAnnounceWhatItLikes) {
  for (const char* length : {"4611686018427387904", "2147483648", "9223372036854775807"}) {
    Answer answer = manifest_answer(image_);
    answer.response.headers.fields.emplace_back("Content-Length", length);
    registry_.on("GET", kManifests, answer);
    EXPECT_THAT(within_1_gib({"manifest", registry_.host() + "/app:v1"}),
                Fails(1, HasSubstr("announces more than 4194304 bytes")))
        << length;
    registry_.on("HEAD", kManifests, answer);
    const auto head = client_of(anonymous(registry_)).head(v1_of(registry_));
    ASSERT_THAT(head, IsOk()) << length;
    EXPECT_EQ(std::to_string(head->size), length) << "told as it was announced";
  }
  // What no number of bytes can be is none, and the GET that then tells is of the true length.
  Answer answer = manifest_answer(image_);
  registry_.on("GET", kManifests, answer);
  answer.response.headers.fields.emplace_back("Content-Length", "99999999999999999999");
  registry_.on("HEAD", kManifests, answer);
  const auto head = client_of(anonymous(registry_)).head(v1_of(registry_));
  ASSERT_THAT(head, IsOk());
  EXPECT_EQ(head->size, std::ssize(image_.bytes));
}

// C.1-6: nor for the size that a descriptor claims.
TEST_F(EvilAnswerTest, MayClaimAnySizeOfABlob) {
  const std::string config = R"({"architecture":"amd64","os":"linux"})";
  registry_.on("GET", "/v2/app/blobs/", {.response = {.status = 200, .body = config}});
  for (const char* size : {"4611686018427387904", "2147483648", "8388609", "1"}) {
    registry_.on(
        "GET", kManifests,
        {.response = {
             .status = 200,
             .headers = {{{"Content-Type", "application/vnd.oci.image.manifest.v1+json"}}},
             .body = fmt::format(
                 R"({{"schemaVersion":2,"config":{{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{}","size":{}}},"layers":[]}})",
                 digest_of(config), size)}});
    EXPECT_THAT(within_1_gib({"config", registry_.host() + "/app:v1"}),
                Fails(1, AllOf(HasSubstr(fmt::format("has {} bytes", config.size())),
                               HasSubstr(fmt::format("the manifest says {}", size)))));
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

// C.1-7: a bomb is not unpacked. Unpacked these would be a list and a manifest.
TEST_F(EvilAnswerTest, ThatIsPackedAllTheSameIsNotUnpacked) {
  const auto packed = [](const std::string& text) {
    return run_or_throw({"gzip", "-c"}, {.stdin_text = text}).out;
  };
  for (const char* encoding : {"gzip", "x-gzip"}) {
    registry_.on("GET", "/v2/app/tags/list",
                 json_answer(200, packed(R"({"tags":["v1"]})"), {{"Content-Encoding", encoding}}));
    EXPECT_THAT(client_of(anonymous(registry_)).tags(app_of(registry_)),
                HasError(ErrorCode::bad_response));
    registry_.on("GET", kManifests,
                 {.response = {.headers = {{{"Content-Encoding", encoding},
                                            {"Content-Type", image_.media_type}}},
                               .body = packed(image_.bytes)}});
    EXPECT_THAT(manifest(), HasError(ErrorCode::bad_response));
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
    EXPECT_THAT(manifest(), HasError(ErrorCode::digest_mismatch)) << claimed;
  }
}

}  // namespace
}  // namespace purser::testing
