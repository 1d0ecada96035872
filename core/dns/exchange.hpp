#pragma once
// One question to one server, to its whole answer.
#include "core/base/random.hpp"
#include "core/dns/message.hpp"
#include "core/ports/dns_client.hpp"

namespace evercert::dns {

inline constexpr milliseconds default_patience{2500};

/// Over UDP; over TCP when the answer is cut, or when the server does not keep the case of letters and so
/// cannot show over UDP that it was asked; without EDNS when the server does not know it. Each of these has
/// `patience`, all together twice that. Errors as dns_client's.
awaitable<result<dns_answer>> exchange(endpoint server, dns_question what, question_options how,
                                       random_source& random, milliseconds patience);

/// An update, signed if there is a key: over UDP if it is small. An answer whose signature is wrong is passed
/// over there like any that is not for us, and told of only when no better one comes.
awaitable<result<dns_answer>> exchange_update(endpoint server, dns_update what, const tsig_key* key,
                                              time_source& time, random_source& random,
                                              milliseconds patience);

} // namespace evercert::dns
