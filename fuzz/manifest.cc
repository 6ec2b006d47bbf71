// Manifests and indexes: what parses keeps its bytes, is one thing only, and
// names valid content. The first line of the input is the Content-Type, the rest is the document.
#include "purser/manifest.h"

#include <algorithm>
#include <optional>
#include <string>

#include "fuzz/fuzz.h"
#include "purser/stand_in.h"

using purser::Descriptor;
using purser::Digest;
using purser::ErrorCode;
using purser::Manifest;
using Kind = purser::Manifest::Kind;
namespace media_type = purser::media_type;

namespace {

void check_descriptor(const Descriptor& descriptor) {
  FUZZ_CHECK(descriptor.size >= 0);
  const auto digest = Digest::parse(descriptor.digest.str());
  FUZZ_CHECK(digest.has_value() && *digest == descriptor.digest);
}

void check_members(const Manifest& manifest) {
  FUZZ_CHECK(manifest.config().has_value() == (manifest.kind() == Kind::image));
  FUZZ_CHECK(manifest.layers().empty() || manifest.kind() == Kind::image);
  FUZZ_CHECK(manifest.children().empty() || manifest.kind() == Kind::index);
  FUZZ_CHECK(!manifest.subject() || manifest.kind() != Kind::unknown);
  if (manifest.config()) check_descriptor(*manifest.config());
  if (manifest.subject()) check_descriptor(*manifest.subject());
  for (const Descriptor& layer : manifest.layers()) check_descriptor(layer);
  for (const Descriptor& child : manifest.children()) check_descriptor(child);
}

bool same_content(const std::vector<Descriptor>& one, const std::vector<Descriptor>& other) {
  return std::equal(one.begin(), one.end(), other.begin(), other.end(),
                    [](const Descriptor& a, const Descriptor& b) {
                      return a.digest == b.digest && a.size == b.size &&
                             a.media_type == b.media_type;
                    });
}

// The document that one reader takes for an image and another for an index (CVE-2021-41190).
void check_one_meaning(const std::string& document) {
  const auto reads_as = [&](std::string_view type) {
    return Manifest::parse(document, type).has_value();
  };
  const bool image = reads_as(media_type::kOciManifest) || reads_as(media_type::kDockerManifest);
  const bool index = reads_as(media_type::kOciIndex) || reads_as(media_type::kDockerList);
  FUZZ_CHECK(!image || !index);
}

// The stand-in pulls what the original pulls, says what it stands in for, and is told from it.
void check_stand_in(const Manifest& original) {
  const auto stand_in = purser::make_stand_in(original, "v1.2");
  // Only what is unknown has none, and what is over the limit with it.
  if (!stand_in) {
    FUZZ_CHECK(original.kind() == Kind::unknown || original.raw().size() > 1024 * 1024);
    return;
  }
  FUZZ_CHECK(stand_in->kind() == original.kind());
  FUZZ_CHECK(stand_in->media_type() == original.media_type());
  FUZZ_CHECK(!(stand_in->digest() == original.digest()));
  FUZZ_CHECK(same_content(stand_in->layers(), original.layers()));
  FUZZ_CHECK(same_content(stand_in->children(), original.children()));
  FUZZ_CHECK(stand_in->config().has_value() == original.config().has_value());
  if (original.config()) FUZZ_CHECK(stand_in->config()->digest == original.config()->digest);
  const auto claim = purser::stand_in_claim(*stand_in);
  FUZZ_CHECK(claim.has_value());
  FUZZ_CHECK(claim->tag == "v1.2" && claim->original == original.digest());
  FUZZ_CHECK(purser::is_stand_in_for(*stand_in, "v1.2", original));
  FUZZ_CHECK(!purser::is_stand_in_for(*stand_in, "v1", original));
  FUZZ_CHECK(!purser::is_stand_in_for(original, "v1.2", original));
}

void check_error(const purser::Error& error) {
  FUZZ_CHECK(error.code == ErrorCode::bad_response || error.code == ErrorCode::unsupported);
  const std::string text = to_string(error);
  FUZZ_CHECK(purser::fuzz::is_terminal_safe(text) && text.size() < 1000);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input = purser::fuzz::text_of(data, size);
  const std::string_view type = purser::fuzz::take_line(input);
  const std::string document(input);
  check_one_meaning(document);

  const auto manifest = Manifest::parse(document, type);
  if (!manifest) {
    check_error(manifest.error());
    return 0;
  }
  FUZZ_CHECK(manifest->raw() == document);
  FUZZ_CHECK(manifest->digest() == Digest::of(document));
  FUZZ_CHECK(manifest->descriptor().size == static_cast<std::int64_t>(document.size()));
  check_members(*manifest);
  // Asked for by another digest, the same bytes are not what was asked for.
  const auto other = Manifest::parse(document, type, Digest::of(document + " "));
  FUZZ_CHECK(!other && other.error().code == ErrorCode::digest_mismatch);
  // Whoever is given the type that was read out of it reads the same.
  const auto again = Manifest::parse(document, manifest->media_type(), manifest->digest());
  FUZZ_CHECK(again && again->kind() == manifest->kind());
  check_stand_in(*manifest);
  return 0;
}
