// Where registries differ: one function for each difference, with the registry, the version and the
// thread that it comes from. docs/registries.md lists them all, and a test holds the two together.
//
// They look at what a server answered and say what it means there. What is done about it is the
// caller's, and so is the rule that nothing here turns into absence what is not.
#pragma once

#include <cstddef>
#include <string_view>

#include "net/server_errors.h"
#include "purser/error.h"
#include "purser/transport.h"

namespace purser::quirks {

// Of a DELETE of a manifest by its digest, refused ----------------------------------------------

// Which tags a registry wants gone before it deletes the manifest that they point at.
enum class TagsFirst { no, all_but_one, all };

// Google Container Registry and Artifact Registry: 400 GOOGLE_MANIFEST_DANGLING_TAG, "Manifest is
// still referenced by tag" (genuinetools/reg #136, enix/kube-image-keeper #636). zot 2.1: 409
// MANIFEST_INVALID for a digest with several tags (routes.go of v2.1.20).
TagsFirst tags_that_must_go_first(const HttpFailure& answer);

// An index still lists the manifest. Google: 400 GOOGLE_MANIFEST_DANGLING_PARENT_IMAGE
// (GoogleCloudPlatform/gcr-cleaner #113, #118). GitLab with its metadata database: 409
// MANIFEST_REFERENCED_IN_LIST (gitlab-org/container-registry MR 514). zot 2.1: 405 DENIED.
bool wants_its_indexes_gone_first(const HttpFailure& answer);

// The registry refuses this one manifest or tag, because it is locked, immutable or in use, and may
// take others. ACR: 405 REGISTRY_DISALLOWED_OPERATION for what is locked (Azure/acr-cli #70).
// Harbor: 412 for an immutable tag (goharbor/harbor PR #9475, harbor-cli #419). Docker Hub: 403 for
// what is tagged or referenced. Others: 403, 409, 423.
bool may_be_about_this_one_alone(const HttpFailure& answer);

// Such a status may also say that no deletes are taken at all: one has to ask again.
bool may_be_about_all(const HttpFailure& answer);

// Of a DELETE of a tag by its name, refused ------------------------------------------------------

// A registry that deletes by digest alone. distribution 2.x: 400 DIGEST_INVALID. Harbor 2.0 and
// others: 405 UNSUPPORTED (goharbor/harbor PR #11971). Not the 405 of a locked tag (ACR), which
// says why by a code of its own; not 404, which a tag that was just pushed again may give as well.
bool deletes_by_digest_alone(int status, const net::ServerErrors& errors);

// Of lists ---------------------------------------------------------------------------------------

// The answer objects to the size of the page, rather than to the list. distribution 2.8 and
// 3.1: 400 PAGINATION_NUMBER_INVALID for a catalog page over 1000. ECR: 4xx UNSUPPORTED for more
// than 1000 tags (google/go-containerregistry #681, #1091). zot: 400.
bool rejects_page_size(const http::Response& answer);

// A full page that names no next one: Nexus groups (sonatype/nexus-public #117), and proxies that
// drop Link. The registry of go-containerregistry has no Link at all.
bool may_have_lost_its_link(std::size_t entries, std::size_t page_size);

// The Link's path is the list's own, with a prefix too few or too many, so that following it would
// ask for another repository. Artifactory drops the name of the virtual repository
// (RTFACT-18971, renovatebot/renovate #15030, #20745: /v2/app/tags/list for /v2/docker/app/…).
// Nexus puts /repository/NAME before it (sonatype/nexus-public #1011). Paths without a query.
bool is_own_path_with_a_wrong_prefix(std::string_view own, std::string_view linked);

// Of reads ---------------------------------------------------------------------------------------

// To a HEAD of a manifest, where the GET may be served. Nexus: 404
// (andrey-pohilko/registry-cli #43, #59). Others: 400, 403, 405, 501.
bool only_get_can_tell(int head_status);

// The registry does not know the repository, and says so with 400. zot: 400 NAME_UNKNOWN for the
// tags of one (routes.go of v2.1.20).
bool says_unknown_in_a_400(const net::ServerErrors& errors);

// Absence in words alone: Harbor 2.10.2 answers UNKNOWN with "not found" in the message
// (containers/image, docker_client.go).
bool says_not_found_in_words(const net::ServerErrors& errors);

// No referrers API. distribution 2.8 and 3.1: 404 text/plain. GHCR: 303 to a page of HTML
// (artifacthub/hub #4785, fluxcd/flux2 #2050). 401, 403 and 5xx do not say that there are none
//
bool has_no_referrers_api(int status);

// Of a PUT of a manifest, refused ----------------------------------------------------------------

// Something that the manifest names is not there. distribution 2.8.2 says so with 500 for
// foreign layers: permanent all the same.
bool names_a_missing_part(const net::ServerErrors& errors);

// distribution 2.8: 400 MANIFEST_INVALID with "http: request body too large" in place of 413.
bool says_too_large(int status, const net::ServerErrors& errors);

}  // namespace purser::quirks
