// The image of an index that fits a platform.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "core/json.h"
#include "purser/client.h"
#include "registry/client_core.h"
#include "registry/read_budget.h"

namespace purser {
namespace {

constexpr int kMaxIndexDepth = 4;

bool is_index_type(std::string_view type) {
  return type == media_type::kOciIndex || type == media_type::kDockerList;
}

// The platform that an image's config states; no value for a config that states none.
std::optional<Platform> platform_of_config(std::string_view bytes) {
  auto config = json::parse_strict(bytes);
  if (!config || !config->is_object()) return std::nullopt;
  const auto text = [&](const char* name) {
    auto value = json::find_string(*config, name);
    return value ? value->value_or("") : std::string();
  };
  Platform platform{text("os"), text("architecture"), text("variant")};
  if (platform.os.empty() || platform.architecture.empty()) return std::nullopt;
  return platform;
}

class PlatformSearch {
 public:
  PlatformSearch(const Reader& reader, const Reference& start, const Platform& wish,
                 const CallOptions& options)
      : reader_(reader),
        start_(start),
        wish_(wish),
        options_(options),
        budget_(reader.options().read_limits, 1) {}

  Result<Manifest> run() {
    auto top = reader_.manifest(start_, options_);
    if (!top) return top;
    if (top->kind() != Manifest::Kind::index) return check_image(*std::move(top));
    auto found = descend(*top, 1);
    if (!found) return Unexpected(std::move(found).error());
    if (*found) return **std::move(found);
    return Unexpected(nothing_fits());
  }

 private:
  // No value: nothing fits below this index.
  Result<std::optional<Manifest>> descend(const Manifest& index, int depth) {
    if (!visited_.insert(index.digest()).second) return std::optional<Manifest>();
    for (const Descriptor* child : candidates(index)) {
      auto manifest = read(child->digest);
      if (!manifest) return Unexpected(std::move(manifest).error());
      if (manifest->kind() != Manifest::Kind::index) return std::optional(*std::move(manifest));
      if (auto found = below(*manifest, depth); !found || *found) return found;
    }
    for (const Descriptor& child : index.children()) {
      if (child.platform || !is_index_type(child.media_type)) continue;
      auto nested = read(child.digest);
      if (!nested) return Unexpected(std::move(nested).error());
      if (auto found = below(*nested, depth); !found || *found) return found;
    }
    return std::optional<Manifest>();
  }

  Result<std::optional<Manifest>> below(const Manifest& index, int depth) {
    if (depth < kMaxIndexDepth) return descend(index, depth + 1);
    return Unexpected(
        make_error(operation(), ErrorCode::unsupported,
                   fmt::format("indexes are nested more than {} deep", kMaxIndexDepth),
                   "Name the image by its digest"));
  }

  // Children that fit, an exact variant first; attestations are no images.
  std::vector<const Descriptor*> candidates(const Manifest& index) {
    std::vector<const Descriptor*> fitting;
    for (const Descriptor& child : index.children()) {
      if (!child.platform || child.platform->is_unknown()) continue;
      offered_.insert(child.platform->str());
      if (wish_.accepts(*child.platform)) fitting.push_back(&child);
    }
    std::stable_partition(fitting.begin(), fitting.end(), [this](const Descriptor* child) {
      return child->platform->variant == wish_.variant;
    });
    return fitting;
  }

  // A single image says in its config what it is for.
  Result<Manifest> check_image(Manifest image) {
    if (!image.config() || image.config()->size > static_cast<std::int64_t>(kMaxSmallBlobBytes)) {
      return image;
    }
    auto config = reader_.small_blob(start_.repository(), *image.config(), options_);
    if (!config) return Unexpected(std::move(config).error());
    const std::optional<Platform> platform = platform_of_config(*config);
    if (!platform || wish_.accepts(*platform)) return image;
    offered_.insert(platform->str());
    return Unexpected(nothing_fits());
  }

  Result<Manifest> read(const Digest& digest) {
    if (!budget_.take_manifest()) {
      return Unexpected(make_error(operation(), ErrorCode::too_large, budget_.reason(),
                                   "Name the image by its digest"));
    }
    return reader_.manifest(Reference::with_digest(start_.repository(), digest), options_);
  }

  Operation operation() const {
    return {"find the image for " + wish_.str() + " of", start_.repository().registry(),
            subject_of(start_)};
  }

  Error nothing_fits() const {
    std::string list;
    for (const std::string& platform : offered_) list += (list.empty() ? "" : ", ") + platform;
    return make_error(operation(), ErrorCode::not_found,
                      list.empty() ? "it names no platforms" : "it is for " + list,
                      list.empty() ? "Leave out the platform" : "Choose one of these platforms");
  }

  const Reader& reader_;
  const Reference& start_;
  const Platform& wish_;
  const CallOptions& options_;
  ReadBudget budget_;
  std::set<Digest> visited_;
  std::set<std::string> offered_;
};

}  // namespace

Result<Manifest> Reader::manifest(const Reference& reference, const Platform& platform,
                                  const CallOptions& options) const {
  return PlatformSearch(*this, reference, platform, options).run();
}

}  // namespace purser
