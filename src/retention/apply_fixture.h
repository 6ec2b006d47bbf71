// A prune of a fake registry, for the tests of what apply does.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "purser/prune.h"
#include "purser/stand_in.h"
#include "testing/fake_registry.h"
#include "testing/manual_clock.h"
#include "testing/matchers.h"
#include "testing/temp_dir.h"

namespace purser {

class ApplyTest : public ::testing::Test {
 protected:
  using FakeRegistry = testing::FakeRegistry;
  using FakeRegistryOptions = testing::FakeRegistryOptions;
  using Fault = testing::Fault;
  using SeenRequest = testing::SeenRequest;

  inline static const std::string kRepo = "team/app";

  void use(FakeRegistryOptions options) {
    registry_ = std::make_shared<FakeRegistry>(std::move(options));
  }

  Client client(ReadLimits limits = {}) const {
    ClientOptions options;
    options.registry = registry_->host();
    options.transport = registry_;
    options.retry.max_attempts = 1;
    options.read_limits = limits;
    options.clock = clock_;
    return *Client::create(std::move(options));
  }

  // Six tries, with waits that cost no time.
  Client patient() const {
    ClientOptions options;
    options.registry = registry_->host();
    options.transport = registry_;
    options.clock = clock_;
    return *Client::create(std::move(options));
  }

  Policy keep(const std::vector<std::string>& entries) const {
    KeepPolicy policy;
    for (const std::string& entry : entries) {
      policy.entries.push_back(*KeepEntry::parse(entry, registry_->host()));
    }
    return policy;
  }

  PruneOptions options() const {
    PruneOptions options;
    options.apply.state_directory = state_.path();
    options.survey.guardrails.allow_missing = true;
    return options;
  }

  Result<Report> prune_keeping(const std::vector<std::string>& entries) const {
    Client with = client();
    return prune(with, keep(entries), options());
  }

  static bool deletes(const SeenRequest& request, const Digest& digest) {
    return request.method == "DELETE" && request.target.find(digest.hex()) != std::string::npos;
  }

  // Digests of nothing, for indexes that are long and empty.
  static std::vector<Digest> nowhere(int count) {
    std::vector<Digest> digests;
    for (int i = 0; i < count; ++i) digests.push_back(Digest::of(std::to_string(i)));
    return digests;
  }

  Digest tag_digest(const std::string& tag) const { return *registry_->tag(kRepo, tag); }

  // An image of its own that refers to the manifest by its `subject`.
  Digest add_referrer(const std::string& tag, const Digest& subject) const {
    const std::string image = *registry_->manifest(kRepo, registry_->add_image(kRepo, tag));
    const std::string bytes = image.substr(0, image.rfind('}')) +
                              R"(,"subject":{"mediaType":"application/vnd.oci.image.)" +
                              R"(manifest.v1+json","digest":")" + subject.str() + R"(","size":)" +
                              std::to_string(registry_->manifest(kRepo, subject)->size()) + "}}";
    registry_->remove_manifest(kRepo, *registry_->tag(kRepo, tag));
    return registry_->put(kRepo, tag, bytes, std::string(media_type::kOciManifest));
  }

  // Puts the stand-in onto the tag that an interrupted untag would have left there.
  Manifest stand_in_on(const std::string& tag, const Digest& original) const {
    const Manifest image =
        *Manifest::parse(*registry_->manifest(kRepo, original), media_type::kOciManifest);
    Manifest stand_in = *make_stand_in(image, tag);
    registry_->put(kRepo, tag, stand_in.raw(), stand_in.media_type());
    return stand_in;
  }

  // All that the journals of the state directory have in them by now.
  std::string journals() const {
    std::ostringstream text;
    for (const auto& file : std::filesystem::recursive_directory_iterator(state_.path())) {
      if (file.path().extension() == ".jsonl") {
        text << std::ifstream(file.path(), std::ios::binary).rdbuf();
      }
    }
    return std::move(text).str();
  }

  static void expect_adds_up(const Report& report) {
    EXPECT_EQ(report.tags_seen,
              report.tags_kept + report.tags_removed + report.tags_failed + report.tags_skipped);
  }

  std::shared_ptr<FakeRegistry> registry_ = std::make_shared<FakeRegistry>();
  std::shared_ptr<testing::ManualClock> clock_ = std::make_shared<testing::ManualClock>();
  testing::TempDir state_;
};

}  // namespace purser
