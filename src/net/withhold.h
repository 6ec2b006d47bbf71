// Servers under debugging repeat what they were sent, and what a server says is shown and logged
// (C.1-15).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "purser/transport.h"

namespace purser::net {

// Leaves secrets out of texts, in whatever way they are written there: as they are, or escaped as
// in JSON, a URL, a form or HTML. Thread rule: a value.
class SecretFilter {
 public:
  SecretFilter() = default;
  // Short ones are not looked for: they occur by chance, and what is left out would tell them. Of
  // one of several lines each line is: a header, or a log, has room for one.
  explicit SecretFilter(std::vector<std::string> secrets);
  // Those of a request: its Authorization, and an identity token in its form.
  static SecretFilter of(const http::Request& request);

  // Each secret becomes "***".
  std::string apply(std::string_view text) const;
  http::Headers apply(const http::Headers& headers) const;

 private:
  std::vector<std::string> secrets_;
};

// Takes the secrets of the request out of the answer: out of its body where that tells an error,
// out of the header fields that are only shown. Content is hashed, and where the answer leads is
// followed: both stay as they are, and whoever shows a part of them filters it.
void withhold_secrets(const http::Request& request, http::Response& response);

}  // namespace purser::net
