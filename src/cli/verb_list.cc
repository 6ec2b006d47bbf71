#include <array>

#include "cli/verb.h"

namespace purser::cli {
namespace {

constexpr std::array kVerbs = {
    VerbInfo{
        "ping", "REGISTRY | REGISTRY/REPO --check-delete",
        "Say whether this is a registry, and how it wants to be spoken to",
        "With --check-delete it is asked whether manifests may be deleted in that repository,\n"
        "by deleting a digest that cannot exist. Exit 1: deletes are disabled there, or it\n"
        "cannot be told; exit 4: you have no right to.",
        "  purser ping registry.example.com\n"
        "  purser ping registry.example.com/team/app --check-delete",
        1, 1, make_ping},
    VerbInfo{"catalog", "REGISTRY", "List the repositories of a registry",
             "One name a line. A registry without a catalog is an error, never an empty list.",
             "  purser catalog registry.example.com\n"
             "  purser catalog registry.example.com --match 'team/' --limit 10",
             1, 1, make_catalog},
    VerbInfo{"tags", "REPO", "List the tags of a repository",
             "One name a line. --long adds digest, creation time, size (config and layers; of an\n"
             "index, of all its images with shared layers once), platforms and media type, at the\n"
             "price of one HEAD a tag and one GET for each distinct manifest and config.",
             "  purser tags registry.example.com/team/app\n"
             "  purser tags registry.example.com/team/app --sort created --reverse --long\n"
             "  purser tags registry.example.com/team/app --match 'release-' -o json",
             1, 1, make_tags},
    VerbInfo{"digest", "REF...", "Print the digest that a reference points at",
             "One request a reference. Several references: a line each, in their order.",
             "  purser digest registry.example.com/team/app:1.4", 1, kAnyNumber, make_digest},
    VerbInfo{
        "manifest", "REF", "Print a manifest or an index",
        "As JSON, indented for reading; --raw prints the exact bytes, which hash to the digest.",
        "  purser manifest registry.example.com/team/app:1.4\n"
        "  purser manifest registry.example.com/team/app:1.4 --platform linux/arm64\n"
        "  purser manifest registry.example.com/team/app:1.4 --raw | sha256sum",
        1, 1, make_manifest},
    VerbInfo{"inspect", "REF",
             "Describe an image: digest, platforms, creation, size, labels, layers", "",
             "  purser inspect registry.example.com/team/app:1.4\n"
             "  purser inspect registry.example.com/team/app:1.4 --platform linux/arm64 -o json",
             1, 1, make_inspect},
    VerbInfo{"config", "REF", "Print an image's config",
             "Of an index with several images, --platform says which.",
             "  purser config registry.example.com/team/app:1.4", 1, 1, make_config},
    VerbInfo{"referrers", "REF", "List what refers to a manifest: signatures, attestations, SBOMs",
             "By the referrers API, the index on the fallback tag, and the tags of cosign\n"
             "(sha256-<hex>.sig, .att, .sbom), whichever there are. A line each: digest, artifact\n"
             "type (else media type), size, and its tag where it is found by one.",
             "  purser referrers registry.example.com/team/app:1.4\n"
             "  purser referrers registry.example.com/team/app:1.4 --type application/spdx+json",
             1, 1, make_referrers},
    VerbInfo{
        "tag", "REF TAG...", "Give a manifest that is there more tags",
        "A tag that pointed elsewhere moves; the digest that it had is printed, so that it can\n"
        "be put back.",
        "  purser tag registry.example.com/team/app:1.4.2 1.4 1 latest", 2, kAnyNumber, make_tag},
    VerbInfo{
        "untag", "REF...", "Remove a tag alone; its manifest and its other tags stay",
        "Each REF names its tag. With a digest (REPO:tag@digest) the tag goes only while it\n"
        "points at that. Where a server can only delete by digest, a stand-in is put onto the\n"
        "tag and deleted in the manifest's place.",
        "  purser untag registry.example.com/team/app:1.4-rc1", 1, kAnyNumber, make_untag},
    VerbInfo{
        "delete", "REF...", "Delete a manifest, unless something may still need it",
        "Refused while another tag has the manifest (--all-tags), an index lists it\n"
        "(--with-parents), or anything in the repository could not be read. Its signatures and\n"
        "attestations go with it, unless --keep-referrers.",
        "  purser delete registry.example.com/team/app:1.4-rc1\n"
        "  purser delete registry.example.com/team/app@sha256:9f86d0... --all-tags",
        1, kAnyNumber, make_delete},
    VerbInfo{
        "put", "REF FILE|-", "Put a manifest, byte for byte",
        "The media type is that of --media-type, or else the document's own `mediaType`. Where\n"
        "the tag pointed elsewhere before, that digest is printed.",
        "  purser put registry.example.com/team/app:1.4 manifest.json\n"
        "  purser manifest --raw reg.example.com/a:1 | purser put reg.example.com/a:2 -",
        2, 2, make_put},
    VerbInfo{"parse", "REF", "Print the parts of a reference; asks no registry", "",
             "  purser parse ubuntu\n  purser parse registry.example.com:5000/team/app:1.4 -o json",
             1, 1, make_parse},
    VerbInfo{"plan", "REGISTRY[/REPO]... (--keep-file FILE | --keep NAME)... [--out FILE]",
             "Work out what a prune would remove, and write it down",
             "Changes nothing. The file of --out is for `purser apply`. A plan that is refused is\n"
             "written all the same, with exit 7.",
             "  purser plan registry.example.com --keep-file keep.txt --out plan.json\n"
             "  purser apply plan.json --yes",
             1, kAnyNumber, make_plan_verb},
    VerbInfo{"apply", "PLAN --yes", "Do what a plan says, as far as it still holds",
             "Each repository is looked at again first: what changed since the plan is left alone\n"
             "and reported. Without --yes the plan is checked and shown.",
             "  purser apply plan.json --yes", 1, 1, make_apply},
    VerbInfo{
        "prune", "REGISTRY[/REPO]... (--keep-file FILE | --keep NAME)... [--yes]",
        "Remove every tag that no keep entry names",
        "Shows what would go and why, and stops there; --yes does it. A keep entry is repo:tag,\n"
        "repo@digest, or a pattern: * and ? stop at '/' in the repository, ** does not. In a\n"
        "file, # starts a comment. Whatever a kept image needs stays: its digest (other tags\n"
        "of it are removed alone), the children of indexes, signatures. What could not be read\n"
        "stays too. The disk space comes back with the registry's own garbage collection.",
        "  purser prune registry.example.com --keep 'team/app:release-*' --keep 'base/**:*'\n"
        "  purser prune registry.example.com/team/app --keep-file keep.txt --yes\n"
        "  purser prune registry.example.com --keep-file keep.txt --max-removals 20%",
        1, kAnyNumber, make_prune},
    VerbInfo{
        "login", "REGISTRY[/PATH] [-u USER] [--password-stdin] [--authfile FILE]",
        "Check a user name and password, and keep them for later runs",
        "The registry is asked first; what it refuses is not kept. Kept in the credential helper\n"
        "that the file names, else in the file: --authfile, $REGISTRY_AUTH_FILE, or docker's\n"
        "config.json. docker, podman and skopeo read it too. With a PATH it is for the "
        "repositories\n"
        "at and below that alone. On a terminal it asks for what is missing.",
        "  purser login registry.example.com\n"
        "  purser login registry.example.com -u ci --password-stdin < password.txt",
        1, 1, make_login},
    VerbInfo{
        "logout", "REGISTRY[/PATH] [--authfile FILE]", "Remove what login kept for a registry",
        "Out of the same file, and its credential helper. Other places that still have a login\n"
        "for it are named and left alone.",
        "  purser logout registry.example.com", 1, 1, make_logout},
    VerbInfo{"auth", "explain REGISTRY[/REPO]",
             "Say which credential is used for a registry or a repository, and why",
             "Every place that is looked at, in order. Shows no secret, and asks no registry. A\n"
             "credential helper is run where a request would run it.",
             "  purser auth explain registry.example.com\n"
             "  purser auth explain registry.example.com/team/app -o json",
             2, 2, make_auth},
};

}  // namespace

std::span<const VerbInfo> all_verbs() { return kVerbs; }

}  // namespace purser::cli
