#include "net/body_parts.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "net/content_range.h"

namespace purser::net {
namespace {

// So much more is progress.
constexpr std::size_t kProgress = 1024 * 1024;

std::optional<std::uint64_t> content_length(const http::Response& response) {
  const auto text = response.headers.get("Content-Length");
  if (!text) return std::nullopt;
  std::uint64_t length = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), length);
  if (error != std::errc() || end != text->data() + text->size()) return std::nullopt;
  return length;
}

// Encoded, its bytes are counted otherwise than those of the content.
bool is_encoded(const http::Response& response) {
  return response.headers.get("Content-Encoding").value_or("identity") != "identity";
}

}  // namespace

bool BodyParts::keep(http::Response cut) {
  // The refusal of a range may itself break off: 2.8.2 announces a body for it that does not come.
  if (cut.status == 416 && !bytes_.empty()) start_over();
  if (is_encoded(cut)) return false;
  if (cut.status == 200 && cut.body.size() > bytes_.size()) {  // from its start
    total_ = content_length(cut);
    bytes_ = std::move(cut.body);
    headers_ = std::move(cut.headers);
  } else if (cut.status == 206 && !bytes_.empty() && fits(cut)) {
    bytes_ += cut.body;
  }
  // Never counted twice, so that the attempts of one body come to an end.
  if (bytes_.size() < rewarded_ + kProgress) return false;
  rewarded_ = bytes_.size();
  return true;
}

void BodyParts::ask(http::Request& request) const {
  if (bytes_.empty()) return;
  request.headers.set("Range", "bytes=" + std::to_string(bytes_.size()) + "-");
}

// Does it go on exactly where the last one ended, to the same end?
bool BodyParts::fits(const http::Response& answer) const {
  const auto range = parse_content_range(answer.headers.get("Content-Range").value_or(""));
  if (!range || range->first != bytes_.size() || is_encoded(answer)) return false;
  const auto total = total_ ? total_ : range->total;
  if (!total || range->total.value_or(*total) != *total || *total > max_bytes_) return false;
  // Less than the rest was not asked for.
  return range->last + 1 == *total && answer.body.size() <= range->size();
}

BodyParts::Verdict BodyParts::start_over() {
  bytes_.clear();
  total_.reset();
  return std::exchange(started_over_, true) ? Verdict::misfit : Verdict::start_over;
}

BodyParts::Verdict BodyParts::join(http::Response& answer) {
  if (bytes_.empty()) return Verdict::whole;
  // What a server that knows no ranges says: the whole body, from its start.
  if (answer.status == 200) return Verdict::whole;
  // There is no such part: what is here is longer than what is there.
  if (answer.status == 416) return start_over();
  if (answer.status != 206) return Verdict::whole;
  const auto range = parse_content_range(answer.headers.get("Content-Range").value_or(""));
  const auto total = total_ ? total_ : range ? range->total : std::nullopt;
  if (total.value_or(0) > max_bytes_) return Verdict::too_large;
  if (!fits(answer) || answer.body.size() != range->size()) return start_over();
  answer.body.insert(0, bytes_);
  // The second time it is told as what it is.
  if (!started_over_ && !digest_.matches(answer.body)) return start_over();
  answer.status = 200;
  answer.headers = headers_;
  return Verdict::whole;
}

}  // namespace purser::net
