// Fills a registry with many things at once, several pushes in flight.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "testing/image_builder.h"

namespace purser::testing {

// "prefix-000", "prefix-001", …
std::vector<std::string> numbered(const std::string& prefix, std::size_t count);

// One image under each of the tags. `url` as in "http://127.0.0.1:40123".
void push_under_each(const std::string& url, const std::string& repository,
                     const BuiltManifest& image, const std::vector<std::string>& tags);
// One image as `tag` in each of the repositories.
void push_into_each(const std::string& url, const std::vector<std::string>& repositories,
                    const BuiltManifest& image, const std::string& tag);

}  // namespace purser::testing
