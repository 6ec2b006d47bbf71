// Who may see a registry's password.
#pragma once

#include <string>
#include <vector>

#include "net/url.h"
#include "purser/reference.h"
#include "purser/result.h"

namespace purser::net {

// Does this origin speak for the registry? By exact host and port; Docker Hub by its names.
bool is_origin_of(const RegistryName& registry, const Origin& origin);

// May a token be asked for at `realm` by a registry at `asked_by`? With a credential it may be: the
// registry's own origin; over https an allowed host or the known token server of this registry; a
// loopback realm for a loopback registry, in http only where the registry is. Without: any https
// realm too, unless it leads back into this machine. Errors: refused, saying what to allow;
// bad_response for a realm that is no URL.
Status check_realm(const RegistryName& registry, const Origin& asked_by, const std::string& realm,
                   const std::vector<std::string>& allowed, bool with_credential);

}  // namespace purser::net
