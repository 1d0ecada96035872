// The rows of `notify`.
#include "config/schema.hpp"

namespace evercert::config {
namespace {

using enum value_type;

constexpr std::int64_t second = 1000;
constexpr std::int64_t hour = 3600 * second;

constexpr schema_row rows[] = {
    {.path = "notify", .type = section_list, .sentence = "Who is told of what, and how; at most 32 entries."},
    {.path = "notify[]",
     .type = section,
     .sentence = "One way to be told; exactly one of webhook, mail and command."},
    {.path = "notify[].name",
     .type = safe_name,
     .sentence = "What it is called in the log and by `evercert notify`; webhook, mail or command, with a "
                 "number if there are several, unless given."},
    {.path = "notify[].on",
     .type = choices,
     .fallback = "[failing, expiring, recovered, revoked]",
     .allowed = "failing expiring recovered revoked renewed",
     .low = 1,
     .high = 5,
     .sentence = "What is told. Each is told once; recovered only after failing or expiring was told."},
    {.path = "notify[].webhook",
     .type = http_url,
     .sentence = "URL that JSON is posted to; http only to this machine, or with plain_http."},
    {.path = "notify[].plain_http",
     .type = flag,
     .fallback = "false",
     .sentence = "webhook: http to another machine is meant: everybody on the way can read and change it."},
    {.path = "notify[].secret_file",
     .type = path,
     .sentence = "webhook: file with the key that messages are signed with (HMAC-SHA256, Standard "
                 "Webhooks); whsec_ in front of base64, or any text."},
    {.path = "notify[].secret_credential",
     .type = text,
     .sentence = "The same as a systemd credential: the file of this name in /etc/evercert/credentials."},
    {.path = "notify[].trust",
     .type = path,
     .sentence = "webhook: PEM file of roots to trust besides the system's."},
    {.path = "notify[].mail",
     .type = emails,
     .low = 1,
     .high = 20,
     .sentence = "Mail addresses to write to."},
    {.path = "notify[].from",
     .type = emails,
     .low = 1,
     .high = 1,
     .sentence = "mail: the sender's address; evercert at this machine's name unless given."},
    {.path = "notify[].smtp",
     .type = endpoint_one,
     .sentence = "mail: a mail server that takes mail from this machine as it is, such as 127.0.0.1:25; in "
                 "place of sendmail."},
    {.path = "notify[].sendmail",
     .type = path,
     .fallback = "/usr/sbin/sendmail",
     .sentence = "mail: the program that takes mail, called as sendmail(1)."},
    {.path = "notify[].command",
     .type = argv,
     .low = 1,
     .high = 256,
     .sentence = "Program and arguments; no shell. The JSON is on its standard input, EVERCERT_ variables "
                 "hold the most important."},
    {.path = "notify[].after",
     .type = integer,
     .fallback = "3",
     .low = 1,
     .high = 1000,
     .sentence = "Failures in a row before failing is told; what only a person can mend, what has no "
                 "certificate and what expires soon is told after the first."},
    {.path = "notify[].expiring",
     .type = duration,
     .low = second,
     .high = 365 * 24 * hour,
     .sentence = "How long before a certificate's end expiring is told, never before its renewal is overdue; "
                 "a sixth of its lifetime unless given."},
    {.path = "notify[].certificates",
     .type = references,
     .low = 1,
     .high = 1000,
     .sentence = "Only these: names of certificates, names on them, or patterns such as \"*.example.com\"."},
    {.path = "notify[].limit",
     .type = rate,
     .fallback = "20/1h",
     .sentence = "Messages; what there is no room for waits, and comes together in the next."},
    {.path = "notify[].gather",
     .type = duration,
     .fallback = "30s",
     .low = second,
     .high = hour,
     .sentence = "What happens within so long comes in one message."},
    {.path = "notify[].timeout",
     .type = duration,
     .fallback = "30s",
     .low = second,
     .high = hour / 6,
     .sentence = "How long one try to deliver may take; it is tried again for a day."},
};

} // namespace

std::span<const schema_row> notify_rows() noexcept {
    return rows;
}

} // namespace evercert::config
