// The rows of `outputs`, which `defaults` and certificates have alike.
#include "config/schema.hpp"

#include <array>

namespace evercert::config {
namespace {

using enum value_type;

/// What is below "outputs", once for each place it may stand in.
struct place_rows {
    std::string_view outputs;
    std::string_view item;
    std::string_view directory;
    std::string_view formats;
    std::string_view owner;
    std::string_view group;
    std::string_view mode;
    std::string_view password_file;
};

constexpr std::array<schema_row, 8> rows_at(const place_rows& at) {
    return {{
        {.path = at.outputs,
         .type = section_list,
         .sentence =
             "Copies of the live version beside it, written before anything is deployed; [] for none."},
        {.path = at.item, .type = section, .sentence = "Copies in one directory."},
        {.path = at.directory,
         .type = path,
         .required = true,
         .sentence =
             "Where the files go; {name} stands for the certificate's name. Its last folder is made if "
             "it is missing."},
        {.path = at.formats,
         .type = choices,
         .required = true,
         .allowed = "cert chain fullchain privkey combined pkcs12 der",
         .low = 1,
         .high = 7,
         .sentence =
             "What is written: cert.pem, chain.pem, fullchain.pem, privkey.pem, combined.pem (key, leaf "
             "and chain), NAME.p12, or cert.der and privkey.der. Files of a second key type carry it: "
             "fullchain.rsa-2048.pem."},
        {.path = at.owner,
         .type = text,
         .sentence = "User that the files belong to; whoever writes them unless given."},
        {.path = at.group,
         .type = text,
         .sentence = "Group that the files belong to; the owner's unless given."},
        {.path = at.mode,
         .type = file_mode,
         .sentence =
             "Permissions of every file; 0600 for those with a key and 0644 for others unless given."},
        {.path = at.password_file,
         .type = path,
         .sentence =
             "File whose first line protects the pkcs12 file, which has an empty password unless given."},
    }};
}

constexpr auto in_defaults =
    rows_at({"defaults.outputs", "defaults.outputs[]", "defaults.outputs[].directory",
             "defaults.outputs[].formats", "defaults.outputs[].owner", "defaults.outputs[].group",
             "defaults.outputs[].mode", "defaults.outputs[].password_file"});
constexpr auto in_certificates = rows_at(
    {"certificates[].outputs", "certificates[].outputs[]", "certificates[].outputs[].directory",
     "certificates[].outputs[].formats", "certificates[].outputs[].owner", "certificates[].outputs[].group",
     "certificates[].outputs[].mode", "certificates[].outputs[].password_file"});

} // namespace

std::span<const schema_row> output_rows() noexcept {
    static constexpr auto all = [] {
        std::array<schema_row, in_defaults.size() + in_certificates.size()> both;
        auto* next = both.begin();
        for (const auto& part : {in_defaults, in_certificates}) {
            for (const schema_row& row : part) {
                *next++ = row;
            }
        }
        return both;
    }();
    return all;
}

} // namespace evercert::config
