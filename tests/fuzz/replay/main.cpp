// Gives a harness the inputs in folders, for compilers that have no libFuzzer: what once broke stays mended.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

unsigned replay(const std::filesystem::path& folder) {
    unsigned count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        std::ifstream in(entry.path(), std::ios::binary);
        const std::string input{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
        // Said before, and not held back, so that it is known which one ends the program.
        std::fprintf(stderr, "%s\n", entry.path().c_str());
        LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
        ++count;
    }
    return count;
}

} // namespace

int main(int argc, char** argv) {
    unsigned count = 0;
    try {
        for (int i = 1; i < argc; ++i) {
            count += replay(argv[i]);
        }
    } catch (const std::exception& e) {
        std::fprintf(stderr, "%s\n", e.what());
        return 1;
    }
    std::printf("replayed %u inputs\n", count);
    return count > 0 ? 0 : 1;
}
