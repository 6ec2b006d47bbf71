// Where registries differ: one function for each difference, with the registry, the version and the
// thread that it comes from. docs/registries.md lists them all.
//
// They look at what a server answered and say what it means there. What is done about it is the
// caller's, and so is the rule that nothing here turns into absence what is not.
#pragma once

#include "net/server_errors.h"
#include "purser/error.h"

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
// says why by a code of its own.
bool deletes_by_digest_alone(int status, const net::ServerErrors& errors);

}  // namespace purser::quirks
