// Names that lead further inside than the registry itself is (A-35, C.1-4): judged by the address
// that is connected to, so that a name proves nothing.
#include "tests/evil/evil_fixture.h"

namespace purser::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// Where clouds hand out the credentials of a machine to whoever asks from it.
constexpr const char* kMetadata = "169.254.169.254";

class InwardTest : public EvilTest {
 protected:
  // metadata.test is there, and elsewhere.test is on this machine, as the registry is.
  ProcessResult purser_resolving(std::vector<std::string> arguments) const {
    const std::string elsewhere = "elsewhere.test:" + std::to_string(elsewhere_.port());
    for (const std::string& name :
         {std::string("metadata.test:80:") + kMetadata,
          std::string("metadata.test:443:") + kMetadata,
          std::string("metadata.test.:443:") + kMetadata,
          // Some resolvers know an address with a dot behind it.
          std::string("169.254.169.254.:80:") + kMetadata,
          std::string("169.254.169.254.:443:") + kMetadata, elsewhere + ":127.0.0.1"}) {
      arguments.insert(arguments.end(), {"--resolve", name});
    }
    return purser_(std::move(arguments));
  }
  // Refused for its address, and for nothing else.
  auto leads_further_inside() const {
    return AllOf(HasSubstr(registry_.host()), HasSubstr("leads to a place further inside"),
                 HasSubstr("on a link-local network"));
  }
  std::string v1() const { return registry_.host() + "/app:v1"; }

  EvilRegistry registry_;
  EvilRegistry elsewhere_;
};

// A-35, C.1-4: by name, by address in each of its spellings, with a dot behind it, and mapped into
// IPv6.
TEST_F(InwardTest, ARedirectToALinkLocalAddressIsRefused) {
  for (const std::string& target : std::vector<std::string>{
           "http://metadata.test/latest/meta-data", "https://metadata.test/latest",
           "https://metadata.test./latest", "http://169.254.169.254./latest",
           "http://169.254.169.254/latest", "http://2852039166/latest", "http://0xa9fea9fe/latest",
           "http://0251.0376.0251.0376/latest", "http://[::ffff:169.254.169.254]/latest",
           "http://[fe80::1]/latest"}) {
    registry_.on("GET", "/v2/app/", redirect(307, target));
    const ProcessResult result = purser_resolving({"manifest", v1()});
    EXPECT_THAT(result, Fails(7, leads_further_inside())) << target;
  }
}

// A-35
TEST_F(InwardTest, ARedirectOfABlobToALinkLocalAddressIsRefused) {
  registry_.on("GET", "/v2/app/manifests/", manifest_answer(image_));
  registry_.on("GET", "/v2/app/blobs/", redirect(307, "http://metadata.test/latest"));
  EXPECT_THAT(purser_resolving({"config", v1()}), Fails(7, leads_further_inside()));
}

// A-35, C.1-4: in https, for in http it would be refused for that.
TEST_F(InwardTest, ARealmAtALinkLocalAddressIsRefused) {
  for (const char* realm : {"https://metadata.test/token", "https://metadata.test./token",
                            "https://169.254.169.254/token", "https://169.254.169.254./token",
                            "https://[::ffff:169.254.169.254]/token"}) {
    registry_.challenge_with({std::string("Bearer realm=\"") + realm + "\",service=\"x\""});
    EXPECT_THAT(purser_resolving({"tags", registry_.host() + "/app"}),
                Fails(7, leads_further_inside()))
        << realm;
  }
}

// A-39, C.1-4
TEST_F(InwardTest, ALinkToALinkLocalAddressEndsTheList) {
  for (const char* target : {"http://metadata.test/latest", "http://169.254.169.254/latest"}) {
    registry_.on("GET", "/v2/app/",
                 page(R"({"tags":["a"]})", std::string("<") + target + ">; rel=next"));
    EXPECT_THAT(purser_resolving({"tags", registry_.host() + "/app"}),
                Fails(1, HasSubstr("another host")));
  }
}

// A-35: no further inside than it is itself, a registry may lead anywhere.
TEST_F(InwardTest, ARedirectAsFarInsideAsTheRegistryIsFollowed) {
  elsewhere_.on("GET", "/storage", manifest_answer(image_));
  registry_.on(
      "GET", "/v2/app/",
      redirect(307, "http://elsewhere.test:" + std::to_string(elsewhere_.port()) + "/storage"));
  EXPECT_THAT(purser_resolving({"manifest", "--raw", v1()}), Answers(image_.bytes));
  EXPECT_EQ(elsewhere_.requests().front().headers.get("Host"),
            "elsewhere.test:" + std::to_string(elsewhere_.port()));
}

}  // namespace
}  // namespace purser::testing
