// tag, untag, put: what a reference leads to, changed.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/file_io.h"
#include "cli/names.h"
#include "cli/retention_options.h"
#include "cli/verb.h"
#include "purser/client.h"
#include "purser/untag.h"

namespace purser::cli {
namespace {

using Json = nlohmann::ordered_json;

Json put_json(const std::string& reference, const PutResult& put) {
  Json json;
  json["reference"] = reference;
  json["digest"] = put.digest.str();
  json["previous"] = put.previous ? Json(put.previous->str()) : Json();
  return json;
}

std::string put_text(const std::string& reference, const PutResult& put) {
  return put.previous
             ? fmt::format("{} is now {}, was {}", reference, put.digest.str(), put.previous->str())
             : fmt::format("{} is now {}", reference, put.digest.str());
}

class TagVerb : public Verb {
 public:
  Result<ExitCode> run(Session& session, const std::vector<std::string>& names) override {
    const Result<Reference> source = Reference::parse(names.front());
    if (!source) return Unexpected(source.error());
    const std::vector<std::string> tags(names.begin() + 1, names.end());
    for (const std::string& tag : tags) {
      if (!is_valid_tag(tag)) {
        return Unexpected(usage_error(fmt::format("\"{}\" is not a tag", tag),
                                      "A tag is up to 128 letters, digits, '_', '.' and '-', the "
                                      "first one no '.' or '-'"));
      }
    }
    const auto client = session.client(source->repository());
    if (!client) return Unexpected(client.error());
    return put_tags(session, **client, *source, tags);
  }

 private:
  static ExitCode put_tags(Session& session, const Client& client, const Reference& source,
                           const std::vector<std::string>& tags) {
    Tally tally;
    Json list = Json::array();
    for (const std::string& tag : tags) {
      const Result<PutResult> put = client.tag(source, tag, session.call());
      tally.add(put ? ExitCode::done : exit_code_for(put.error().code));
      if (!put) {
        session.err().error(put.error());
        continue;
      }
      const std::string reference = fmt::format("{}:{}", source.repository().str(), tag);
      list.push_back(put_json(reference, *put));
      if (session.out().format() == Format::text) session.out().line(put_text(reference, *put));
    }
    if (session.out().format() != Format::text && !list.empty()) {
      tags.size() == 1 ? session.out().json(list.front()) : session.out().json_list(list);
    }
    return tally.result();
  }
};

class PutVerb : public Verb {
 public:
  void declare(OptionSet& options) override {
    options.text("--media-type", media_type_, "TYPE",
                 "of the manifest (default: its own `mediaType`)");
  }

  Result<ExitCode> run(Session& session, const std::vector<std::string>& names) override {
    const Result<Reference> reference = Reference::parse(names[0]);
    if (!reference) return Unexpected(reference.error());
    const Status free = check_stdin_is_free(names[1], session.settings().password_stdin);
    if (!free) return Unexpected(free.error());
    const Result<std::string> bytes =
        read_input(names[1], "read the manifest from", session.call().stop);
    if (!bytes) return Unexpected(bytes.error());
    const auto client = session.client(reference->repository());
    if (!client) return Unexpected(client.error());
    const auto put = (*client)->put_manifest(*reference, *bytes, media_type_, session.call());
    if (!put) return Unexpected(put.error());
    if (session.out().format() == Format::text) {
      session.out().line(put_text(reference->str(), *put));
    } else {
      session.out().json(put_json(reference->str(), *put));
    }
    return ExitCode::done;
  }

 private:
  std::string media_type_ = {};
};

class UntagVerb : public Verb {
 public:
  Result<ExitCode> run(Session& session, const std::vector<std::string>& names) override {
    const auto references = parse_references(names);
    if (!references) return Unexpected(references.error());
    if (const Status named = check_named(*references, false); !named) {
      return Unexpected(named.error());
    }
    const auto client = session.client(references->front().repository());
    if (!client) return Unexpected(client.error());

    // The digests that the tags have now, so that they can be put back; and nothing at all is
    // begun where one of them is not there.
    std::vector<Digest> digests;
    for (const Reference& reference : *references) {
      const Result<Descriptor> head = (*client)->head(tag_alone(reference), session.call());
      if (!head) return Unexpected(head.error());
      digests.push_back(head->digest);
    }
    const Result<UntagRun> run = untag_each(**client, *references, apply_options(session));
    if (!run) return Unexpected(run.error());
    session.err().clear_progress();
    for (const std::string& warning : run->warnings) session.err().warning(warning);
    Tally tally;
    Json list = Json::array();
    for (std::size_t i = 0; i < run->tags.size(); ++i) {
      tally.add(tell(session, run->tags[i], run->tags[i].digest.value_or(digests[i]), list));
    }
    if (run->tags.size() < references->size()) tally.add(ExitCode::interrupted);
    if (session.out().format() != Format::text && !list.empty()) {
      references->size() == 1 ? session.out().json(list.front()) : session.out().json_list(list);
    }
    return tally.result();
  }

 private:
  // What the tag has, whatever digest the reference claims: untag compares them itself.
  static Reference tag_alone(const Reference& reference) {
    Result<Reference> tag = Reference::with_tag(reference.repository(), *reference.tag());
    return tag ? *std::move(tag) : reference;
  }

  static std::string_view name_of(UntagMethod method) {
    switch (method) {
      case UntagMethod::already_absent:
        return "already_absent";
      case UntagMethod::tag_delete:
        return "tag_delete";
      case UntagMethod::stand_in:
        break;
    }
    return "stand_in";
  }

  static ExitCode tell(Session& session, const Untagged& tag, const Digest& digest, Json& list) {
    if (!tag.outcome) {
      session.err().error(tag.outcome.error());
      return exit_code_for(tag.outcome.error().code);
    }
    const std::string reference = tag.reference.str();
    Json json;
    json["reference"] = reference;
    json["digest"] = digest.str();
    json["method"] = tag.method ? Json(name_of(*tag.method)) : Json();
    list.push_back(std::move(json));
    if (session.out().format() == Format::text) {
      session.out().line(fmt::format("{} is gone, was {}", reference, digest.str()));
    }
    return ExitCode::done;
  }
};

}  // namespace

std::unique_ptr<Verb> make_tag() { return std::make_unique<TagVerb>(); }
std::unique_ptr<Verb> make_untag() { return std::make_unique<UntagVerb>(); }
std::unique_ptr<Verb> make_put() { return std::make_unique<PutVerb>(); }

}  // namespace purser::cli
