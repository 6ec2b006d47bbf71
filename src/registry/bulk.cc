// Bulk reads: a bounded window of requests, callbacks in the order of the answers.
#include <fmt/format.h>

#include <deque>
#include <functional>
#include <utility>

#include "purser/client.h"
#include "registry/client_core.h"
#include "registry/manifest_reads.h"

namespace purser {
namespace {

// What one endpoint makes of an item. `finish` gets the answer or the error; it may ask again
// through the window.
class Window {
 public:
  using Done = std::function<void(Result<http::Response>)>;

  Window(const ClientCore& core, CallOptions options) : core_(core), options_(std::move(options)) {}

  void ask(Ask ask, Done done) { waiting_.push_back({std::move(ask), std::move(done)}); }

  // `fill` puts the source's next item into the window by ask(), or returns false for none.
  Status run(const std::function<bool()>& fill) {
    Status status = core_.driver().run_each([&] { return next(fill); }, options_);
    // Cancelled: what had been asked for and was not sent must not be left without an answer.
    while (!waiting_.empty()) {
      Waiting left = std::move(waiting_.front());
      waiting_.pop_front();
      left.done(Unexpected(make_error(left.ask.operation, ErrorCode::cancelled,
                                      "the call was stopped before this request was sent")));
    }
    return status;
  }

 private:
  struct Waiting {
    Ask ask;
    Done done;
  };

  std::optional<net::Driver::Item> next(const std::function<bool()>& fill) {
    while (waiting_.empty()) {
      if (!fill()) return std::nullopt;
    }
    Waiting item = std::move(waiting_.front());
    waiting_.pop_front();
    net::Call call = core_.call_of(item.ask);
    std::string url = call.request.url;
    return net::Driver::Item{
        .call = std::move(call),
        .done = [this, item = std::move(item),
                 url = std::move(url)](Result<http::Response> answer) mutable {
          if (answer && core_.learn_scheme(url, *answer)) {
            waiting_.push_back(std::move(item));  // now by https
          } else if (!answer) {
            item.done(Unexpected(in_context(std::move(answer).error(), item.ask.operation)));
          } else {
            item.done(std::move(answer));
          }
        }};
  }

  const ClientCore& core_;
  CallOptions options_;
  std::deque<Waiting> waiting_;
};

}  // namespace

Status Reader::head_each(const Source<Reference>& source, const EachHead& each,
                         const CallOptions& options) const {
  Window window(*core_, options);
  const auto by_get = [&](const Reference& reference) {
    Ask ask = manifest_ask(*core_, reference);
    window.ask(ask, [&, ask, reference](Result<http::Response> answer) {
      if (!answer) return each(reference, Unexpected(std::move(answer).error()));
      Result<Manifest> manifest = read_manifest(*core_, ask, reference, *std::move(answer));
      if (!manifest) return each(reference, Unexpected(std::move(manifest).error()));
      each(reference, manifest->descriptor());
    });
  };
  return window.run([&] {
    std::optional<Reference> reference = source();
    if (!reference) return false;
    Ask ask = head_ask(*core_, *reference);
    if (Status status = core_->check_registry(reference->repository(), ask.operation); !status) {
      each(*reference, Unexpected(std::move(status).error()));
      return true;
    }
    window.ask(ask, [&, ask, reference = *reference](Result<http::Response> answer) {
      if (!answer) return each(reference, Unexpected(std::move(answer).error()));
      Result<std::optional<Descriptor>> head = read_head(*core_, ask, reference, *answer);
      if (!head) return each(reference, Unexpected(std::move(head).error()));
      if (!*head) return by_get(reference);
      each(reference, **std::move(head));
    });
    return true;
  });
}

Status Reader::manifest_each(const Source<Reference>& source, const EachManifest& each,
                             const CallOptions& options) const {
  Window window(*core_, options);
  return window.run([&] {
    std::optional<Reference> reference = source();
    if (!reference) return false;
    Ask ask = manifest_ask(*core_, *reference);
    if (Status status = core_->check_registry(reference->repository(), ask.operation); !status) {
      each(*reference, Unexpected(std::move(status).error()));
      return true;
    }
    window.ask(ask, [&, ask, reference = *reference](Result<http::Response> answer) {
      if (!answer) return each(reference, Unexpected(std::move(answer).error()));
      each(reference, read_manifest(*core_, ask, reference, *std::move(answer)));
    });
    return true;
  });
}

Status Reader::small_blob_each(const Source<BlobOf>& source, const EachBlob& each,
                               const CallOptions& options) const {
  Window window(*core_, options);
  return window.run([&] {
    std::optional<BlobOf> blob = source();
    if (!blob) return false;
    Ask ask = blob_ask(*core_, blob->repository, blob->descriptor);
    if (Status status = core_->check_registry(blob->repository, ask.operation); !status) {
      each(*blob, Unexpected(std::move(status).error()));
      return true;
    }
    window.ask(ask, [&, ask, blob = *blob](Result<http::Response> answer) {
      if (!answer) return each(blob, Unexpected(std::move(answer).error()));
      each(blob, read_blob(*core_, ask, blob.descriptor, *std::move(answer)));
    });
    return true;
  });
}

}  // namespace purser
