#include "net/host_tls.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/text.h"
#include "net/certs_d.h"
#include "net/pem.h"

namespace purser::net {
namespace {

bool same_host(const Origin& a, const Origin& b) { return a.host == b.host && a.port == b.port; }

bool is_own(const http::CurlTransportOptions& options, const Origin& origin) {
  return !options.own_host.empty() && same_host(https_origin(options.own_host), origin);
}

bool is_insecure(const http::CurlTransportOptions& options, const Origin& origin) {
  return std::any_of(
      options.insecure_hosts.begin(), options.insecure_hosts.end(),
      [&](const std::string& host) { return same_host(https_origin(host), origin); });
}

}  // namespace

Origin https_origin(const std::string& host_port) {
  const auto url = Url::parse("https://" + host_port + "/");
  // A path or a query in it would be somebody's mistake: such a text is no host.
  if (!url || host_port.find_first_of("/?#") != std::string::npos) return {};
  return url->origin();
}

Result<HostTls> host_tls(const http::CurlTransportOptions& options, const Origin& origin) {
  HostTls tls;
  const bool own = is_own(options, origin);
  tls.verify = !is_insecure(options, origin);
  tls.ca_file = options.ca_file;
  tls.directory = usual_certs_directory(options.certs_roots, origin);
  if (own && !options.cert_file.empty()) {
    if (const Status checked = check_key_pair(options.cert_file, options.key_file); !checked) {
      return Unexpected(checked.error());
    }
    tls.cert_file = options.cert_file;
    tls.key_file = options.key_file;
  }
  if (!tls.ca_file.empty()) {
    if (auto read = read_authorities(tls.ca_file); !read) return Unexpected(read.error());
  }
  const bool named = own && !options.certs_dir.empty();
  const auto directory =
      named ? options.certs_dir : find_certs_directory(options.certs_roots, origin);
  // What the caller names takes the place of what a directory has, kind by kind.
  if (!directory || (!tls.ca_file.empty() && !tls.cert_file.empty())) return tls;
  tls.directory = *directory;
  auto found = read_certs_directory(*directory, tls.cert_file.empty());
  if (!found) return Unexpected(std::move(found).error());
  if (tls.ca_file.empty()) tls.authorities = std::move(found->authorities);
  if (tls.cert_file.empty() && !found->cert_file.empty()) {
    if (const Status checked = check_key_pair(found->cert_file, found->key_file); !checked) {
      return Unexpected(checked.error());
    }
    tls.cert_file = std::move(found->cert_file);
    tls.key_file = std::move(found->key_file);
  }
  return tls;
}

bool expects_tls(const http::CurlTransportOptions& options, const Origin& origin) {
  if (!options.ca_file.empty() || is_insecure(options, origin)) return true;
  if (is_own(options, origin) && (!options.cert_file.empty() || !options.certs_dir.empty())) {
    return true;
  }
  return find_certs_directory(options.certs_roots, origin).has_value();
}

Status check_tls_options(const http::CurlTransportOptions& options) {
  for (const std::string& host : options.insecure_hosts) {
    if (!https_origin(host).host.empty()) continue;
    return Unexpected(file_error(ErrorCode::invalid_argument,
                                 fmt::format("\"{}\" is no host whose certificate could be left "
                                             "unchecked",
                                             shorten(sanitize_for_terminal(host), 100)),
                                 "Write it as HOST[:PORT]"));
  }
  if (options.cert_file.empty() != options.key_file.empty()) {
    return Unexpected(file_error(ErrorCode::invalid_argument,
                                 options.key_file.empty()
                                     ? "there is a client certificate without its key"
                                     : "there is a key without its client certificate",
                                 "Give both, as two PEM files"));
  }
  return {};
}

}  // namespace purser::net
