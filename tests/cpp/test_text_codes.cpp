// Levels from text against an ordered map, over lengths, missing rows, offsets and numbers of threads.
#include <doctest/doctest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

#include "ranef/base/text_codes.hpp"
#include "ranef/base/threads.hpp"

using namespace ranef;

namespace {

struct Texts {
    std::string bytes;
    std::vector<std::string> text;
    std::vector<bool> present;
    std::vector<std::int64_t> offset{0};
    std::vector<std::uint8_t> valid;

    void add(const std::string& value, bool there) {
        const std::size_t bit = text.size() + 3;  // the rows begin at bit 3
        valid.resize(bit / 8 + 1, 0);
        if (there) valid[bit / 8] = static_cast<std::uint8_t>(valid[bit / 8] | 1u << bit % 8);
        bytes += value;
        text.push_back(value);
        present.push_back(there);
        offset.push_back(static_cast<std::int64_t>(bytes.size()));
    }
};

template <class Offset>
void check(const Texts& given, bool with_missing, const std::vector<int>& thread_limits = {thread_limit()}) {
    const std::vector<Offset> offset(given.offset.begin(), given.offset.end());
    const auto n = static_cast<Index>(given.text.size());
    const TextColumn<Offset> column{given.bytes.data(), offset.data(), with_missing ? given.valid.data() : nullptr, 3, n};
    std::map<std::string, std::int32_t> levels;  // std::string compares bytes without sign
    for (Index i = 0; i < n; ++i)
        if (!with_missing || given.present[i]) levels[given.text[i]] = 0;
    std::vector<std::string> expected;
    for (auto& [text, code] : levels) {
        code = static_cast<std::int32_t>(expected.size());
        expected.push_back(text);
    }
    std::vector<std::int32_t> expected_codes(n);
    for (Index i = 0; i < n; ++i) expected_codes[i] = with_missing && !given.present[i] ? -1 : levels.at(given.text[i]);
    const int before = thread_limit();
    for (const int threads : thread_limits) {
        set_thread_limit(threads);
        std::vector<std::int32_t> codes(n, -7);
        const std::vector<Index> rows = code_text(column, codes.data());
        REQUIRE(rows.size() == expected.size());
        Index wrong = 0;
        for (std::size_t l = 0; l < rows.size(); ++l) wrong += given.text[rows[l]] != expected[l];
        CHECK(wrong == 0);
        CHECK(codes == expected_codes);
    }
    set_thread_limit(before);
}

// Texts over few letters (many prefixes of each other, with zero bytes), behind a common beginning.
Texts random_texts(Index n, int longest, const std::string& beginning, unsigned seed) {
    std::mt19937 generator(seed);
    const std::string letters("ab\xc3\0", 4);
    Texts texts;
    for (Index i = 0; i < n; ++i) {
        std::string value = beginning;
        for (auto k = generator() % static_cast<unsigned>(longest + 1); k > 0; --k) value += letters[generator() % 4];
        texts.add(value, generator() % 10 != 0);
    }
    return texts;
}

}  // namespace

TEST_CASE("text: codes and levels in order, whatever the lengths") {
    for (const int longest : {0, 1, 3, 4, 8, 9, 17, 40})
        for (const char* beginning : {"", "subject-", "a long common beginning "})
            for (const bool with_missing : {false, true}) {
                CAPTURE(longest);
                CAPTURE(beginning);
                const Texts texts = random_texts(1500, longest, beginning, 5);
                check<std::int32_t>(texts, with_missing);
                check<std::int64_t>(texts, with_missing);
            }
}

TEST_CASE("text: no rows, and no row that is not missing") {
    check<std::int64_t>(Texts{}, false);
    Texts missing;
    for (int i = 0; i < 70; ++i) missing.add("", false);
    check<std::int32_t>(missing, true);
}

TEST_CASE("text: levels learned side by side are those learned in one go") {
    check<std::int64_t>(random_texts(700000, 12, "s", 6), true, {1, 2, 5});
}
