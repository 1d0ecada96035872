#include "tests/core/lifecycle/guarded_folder.hpp"

#include "core/crypto/certificate.hpp"
#include "core/crypto/key.hpp"

#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <stdexcept>
#include <sys/stat.h>

namespace evercert::testing {
namespace {

namespace fs = std::filesystem;

constexpr auto version_files = {"cert.pem", "chain.pem", "fullchain.pem", "privkey.pem"};

tree_node node_at(const std::string& path) {
    struct stat info{};
    tree_node node;
    if (::lstat(path.c_str(), &info) != 0) {
        return node;
    }
    node.mode = info.st_mode;
    node.changed_ns = info.st_mtim.tv_sec * 1'000'000'000LL + info.st_mtim.tv_nsec;
    if (S_ISREG(info.st_mode)) {
        std::ifstream in(path, std::ios::binary);
        node.contents.assign(std::istreambuf_iterator<char>(in), {});
    } else if (S_ISLNK(info.st_mode)) {
        node.contents = fs::read_symlink(path).string();
    }
    return node;
}

/// In memory, if there is such a place: these tests sync thousands of times, and none is about power cuts.
std::string make_folder() {
    for (const std::string& where : {std::string("/dev/shm"), fs::temp_directory_path().string()}) {
        std::string made = where + "/evercert-test-XXXXXX";
        if (::mkdtemp(made.data()) != nullptr) {
            return made;
        }
    }
    throw std::runtime_error("no temporary folder");
}

/// Folders that hostile paths could lead to, so that following one fails for no lack of them.
void plant(const std::string& folder) {
    for (const char* name : {"tmp", "etc"}) {
        fs::create_directory(folder + "/" + name);
        std::ofstream(folder + "/" + name + "/passwd") << "not yours: " << name;
    }
}

/// The first difference, or empty.
std::string difference(const tree& was, const tree& is, const std::string& where) {
    for (const auto& [path, node] : is) {
        const auto old = was.find(path);
        if (old == was.end() || old->second != node) {
            return where + "/" + path + (old == was.end() ? " was made; " : " was changed; ");
        }
    }
    for (const auto& [path, node] : was) {
        if (!is.contains(path)) {
            return where + "/" + path + " was removed; ";
        }
    }
    return {};
}

/// Whether this is a path of the documented layout, of the right type, that nobody else can read.
bool belongs(const std::string& path, const tree_node& node) {
    static const std::regex folders("(accounts(/ca)?|certificates(/a\\.example(/versions(/000[1-9])?)?)?"
                                    "|live|jobs|history)");
    static const std::regex files("(lock|jobs/a\\.example\\.json|history/a\\.example\\.jsonl"
                                  "|accounts/ca/account\\.(key|json)(\\.[1-9])?"
                                  "|certificates/a\\.example/pending\\.ecdsa-p256\\.key"
                                  "|certificates/a\\.example/versions/000[1-9]/"
                                  "(cert|chain|fullchain|privkey)\\.pem)");
    if (S_ISLNK(node.mode)) {
        static const std::regex target("\\.\\./certificates/a\\.example/versions/000[1-9]");
        return path == "live/a.example" && std::regex_match(node.contents, target);
    }
    if ((node.mode & 0077) != 0) {
        return false;
    }
    return S_ISDIR(node.mode)   ? std::regex_match(path, folders)
           : S_ISREG(node.mode) ? std::regex_match(path, files)
                                : false;
}

std::string text_of(const tree& data, const std::string& path) {
    const auto found = data.find(path);
    return found == data.end() ? std::string() : found->second.contents;
}

/// What is wrong with a version: by our own check and, for what matters most, by OpenSSL's.
std::string wrong_with(const tree& data, const std::string& folder, wall_time now) {
    for (const char* name : version_files) {
        if (!data.contains(folder + "/" + name)) {
            return folder + "/" + name + " is missing; ";
        }
    }
    const std::string full = text_of(data, folder + "/fullchain.pem");
    if (full != text_of(data, folder + "/cert.pem") + text_of(data, folder + "/chain.pem")) {
        return folder + ": its files do not tell the same; ";
    }
    const auto chain = crypto::parse_pem_chain(full);
    const auto key = crypto::key::from_pem(text_of(data, folder + "/privkey.pem"));
    if (!chain || !key) {
        return folder + ": chain or key cannot be read; ";
    }
    const crypto::certificate decoded = chain->front().with_key();
    X509* const leaf = decoded.native();
    if (X509_check_private_key(leaf, key->native()) != 1) {
        return folder + ": the key does not fit; ";
    }
    if (X509_check_host(leaf, guarded_name.data(), guarded_name.size(), 0, nullptr) != 1 ||
        X509_check_ca(leaf) != 0) {
        return folder + ": not a certificate of a server of that name; ";
    }
    crypto::chain_expectation expected;
    expected.public_digest = key->public_digest();
    expected.names = {parse_identifier(guarded_name).value()};
    expected.now = now;
    const auto checked = crypto::check_chain(*chain, expected);
    if (!checked) {
        return folder + ": " + checked.error().text() + "; ";
    }
    return crypto::to_pem(*checked) == full ? std::string() : folder + ": more than the chain; ";
}

} // namespace

tree tree_below(const std::string& folder, const std::string& skip) {
    tree found;
    for (auto each = fs::recursive_directory_iterator(folder); each != fs::recursive_directory_iterator();
         ++each) {
        if (each->path() == skip) {
            each.disable_recursion_pending();
            continue;
        }
        const std::string path = each->path().string();
        found.emplace(path.substr(folder.size() + 1), node_at(path));
    }
    return found;
}

guarded_folder::guarded_folder() : around_(make_folder()), old_place_(fs::current_path()) {
    // Four folders deep, so that "../../../../tmp" is among the traps, wherever inside it is taken from.
    std::string folder = around_;
    plant(folder);
    for (const char* name : {"one", "two", "three"}) {
        folder += std::string("/") + name;
        fs::create_directory(folder);
        plant(folder);
    }
    data_ = folder + "/data";
    fs::create_directory(data_);
    fs::permissions(data_, fs::perms::owner_all);
    fs::create_directory(folder + "/here");
    plant(folder + "/here");
    fs::current_path(folder + "/here");
    outside_ = tree_below(around_, data_);
    for (const char* path : {"/etc/passwd", "/evil", "/tmp/evil"}) {
        elsewhere_[path] = node_at(path);
    }
}

guarded_folder::~guarded_folder() {
    std::error_code ignored;
    fs::current_path(old_place_, ignored);
    fs::remove_all(around_, ignored);
}

void guarded_folder::fill(const tree& what) {
    for (const auto& each : fs::directory_iterator(data_)) {
        fs::remove_all(each.path());
    }
    for (const auto& [path, node] : what) {
        const std::string whole = data_ + "/" + path;
        if (S_ISLNK(node.mode)) {
            fs::create_symlink(node.contents, whole);
            continue;
        }
        if (S_ISDIR(node.mode)) {
            fs::create_directory(whole);
        } else {
            std::ofstream(whole, std::ios::binary) << node.contents;
        }
        if (::chmod(whole.c_str(), node.mode & 07777) != 0) {
            throw std::runtime_error("cannot make " + whole);
        }
    }
}

std::string guarded_folder::trouble(const tree& data, const tree& before, wall_time now) {
    tree outside = tree_below(around_, data_);
    std::string told = difference(outside_, outside, "outside");
    outside_ = std::move(outside); // the next case tells only what is its own
    for (auto& [path, node] : elsewhere_) {
        if (tree_node now_there = node_at(path); now_there != node) {
            told += path + " was made or changed; ";
            node = std::move(now_there);
        }
    }
    std::set<std::string> versions;
    const std::string prefix = "certificates/" + std::string(guarded_name) + "/versions/";
    for (const auto& [path, node] : data) {
        if (!belongs(path, node)) {
            told += path + " does not belong there; ";
        }
        if (S_ISDIR(node.mode) && path.starts_with(prefix)) {
            versions.insert(path);
        }
        const bool may_hold_key = path.ends_with(".key") || path.find(".key.") != std::string::npos ||
                                  path.ends_with("/privkey.pem");
        if (!may_hold_key && node.contents.find("PRIVATE KEY-----\n") != std::string::npos) {
            told += path + " holds a private key; ";
        }
    }
    const std::string first = prefix + "0001";
    for (const char* name : version_files) {
        const std::string path = first + "/" + name;
        const auto is = data.find(path);
        const auto was = before.find(path);
        if (is == data.end() || was == before.end() || is->second.contents != was->second.contents ||
            is->second.mode != was->second.mode) {
            told += path + " is not what it was; ";
        }
    }
    // Whether live or not yet: what lies there as a version is whole. The first has not changed.
    for (const std::string& version : versions) {
        if (version != first) {
            told += wrong_with(data, version, now);
        }
    }
    const std::string live = text_of(data, "live/" + std::string(guarded_name));
    if (!live.starts_with("../") || !versions.contains(live.substr(3))) {
        told += "what is live is no version: " + live + "; ";
    }
    return told;
}

} // namespace evercert::testing
