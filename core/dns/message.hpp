#pragma once
// Questions to servers and their answers, as bytes (RFC 1035, RFC 6891). No I/O.
#include "core/base/random.hpp"
#include "core/ports/dns_client.hpp"

#include <string>
#include <string_view>

namespace evercert::dns {

struct question_options {
    bool recursion = true; ///< RD, and AD: "say whether you validated it" (RFC 6840 section 5.7)
    bool edns = true;

    explicit question_options(bool r = true, bool e = true) : recursion(r), edns(e) {}
};

/// A question with an id and a case of its letters taken from `random`: an answer from elsewhere has to guess
/// both. errc::invalid_argument if the name is none.
result<std::string> make_question(const dns_question& what, question_options how, random_source& random);

enum class belongs {
    yes,
    other_case, ///< yes, if one trusts the path: the server does not keep the case of letters
    no
};

/// Whether these bytes answer that question: the same id, kind and question, byte by byte. A server that
/// could not read the question at all may leave it out.
belongs answers_to(std::string_view question, std::string_view bytes);

struct read_answer {
    dns_answer answer;
    bool truncated = false; ///< the rest is to be had over TCP
    bool edns = false;      ///< the server knows EDNS
};

/// errc::protocol for bytes that are no answer, or one whose records contradict themselves. Of the types of
/// dns_type, in the internet's class, all is kept; the rest is left out.
result<read_answer> parse_answer(std::string_view bytes);

} // namespace evercert::dns
