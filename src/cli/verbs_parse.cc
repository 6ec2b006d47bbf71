#include <nlohmann/json.hpp>

#include "cli/verb.h"
#include "purser/reference.h"

namespace purser::cli {
namespace {

using Json = nlohmann::ordered_json;

class ParseVerb : public Verb {
 public:
  Result<ExitCode> run(Session& session, const std::vector<std::string>& names) override {
    const Result<Reference> reference = Reference::parse(names.front());
    if (!reference) return Unexpected(reference.error());
    const Repository& repository = reference->repository();
    Json parts;
    parts["registry"] = repository.registry();
    parts["repository"] = repository.path();
    parts["namespace"] = repository.name_space().empty() ? Json() : Json(repository.name_space());
    parts["image"] = repository.image();
    parts["tag"] = reference->tag() ? Json(*reference->tag()) : Json();
    parts["digest"] = reference->digest() ? Json(reference->digest()->str()) : Json();

    Output& out = session.out();
    if (out.format() != Format::text) {
      out.json(parts);
      return ExitCode::done;
    }
    Table table({"PART", "VALUE"});
    for (const auto& [name, value] : parts.items()) {
      table.row({name, value.is_null() ? "-" : value.get<std::string>()});
    }
    table.print(out);
    return ExitCode::done;
  }
};

}  // namespace

std::unique_ptr<Verb> make_parse() { return std::make_unique<ParseVerb>(); }

}  // namespace purser::cli
