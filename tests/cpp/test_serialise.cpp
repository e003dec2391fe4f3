// Cross-products that travel: what comes back is what was sent, and nothing altered on the way makes the core touch memory
// that is not its own (the sanitized build watches).
#include <doctest/doctest.h>

#include <limits>
#include <memory>
#include <random>
#include <string>

#include "designs.hpp"
#include "ranef/cross/remaining_gram.hpp"
#include "ranef/cross/serialise.hpp"
#include "support.hpp"

using namespace ranef;
using namespace ranef::testing;

namespace {

double criterion(const DesignCross& design, const ResponseCross& response) {
    const auto problem = make_problem(std::make_shared<const DesignCross>(design), true, {LeadingKind::groups, SchurKind::dense, true});
    const auto evaluator = std::make_unique<Evaluator>(*problem);
    const std::vector<double> theta(design.layout().n_theta(), 0.5);
    evaluator->load(response.values.data());
    return evaluator->evaluate(theta.data(), Order::hessian) == Status::ok ? evaluator->value() : std::nan("");
}

std::string refusal(const Fields& fields) {
    try {
        read_design(fields);
    } catch (const FieldError& error) {
        return error.what();
    }
    return "";
}

bool begins(const std::string& text, const std::string& word) { return text.compare(0, word.size(), word) == 0; }

std::size_t length(const Field& field) {
    return std::visit([](const auto& v) { return v.size(); }, field);
}

}  // namespace

TEST_CASE("serialise: what comes back is what was sent") {
    for (const Data& data : all_structures()) {
        CAPTURE(data.name);
        const Rows rows = data.rows();
        const DesignCross design = accumulate_design(rows);
        const ResponseCross response = accumulate_response(rows, design, data.y.data());
        const Fields fields = write_design(design);
        const DesignCross back = read_design(fields);
        CHECK(write_design(back) == fields);
        const ResponseCross again = read_response(write_response(response));
        const double expected = criterion(design, response);
        if (std::isfinite(expected)) CHECK(criterion(back, again) == expected);
    }
}

TEST_CASE("serialise: a field that is missing, short, long or of another type is named") {
    for (const Data& data : all_structures()) {
        const Fields fields = write_design(accumulate_design(data.rows()));
        for (const auto& [name, field] : fields) {
            CAPTURE(name);
            Fields altered = fields;
            altered.erase(name);
            CHECK(begins(refusal(altered), name + ":"));
            altered[name] = std::vector<Index>(3, 1);
            if (field.index() != 1) CHECK(begins(refusal(altered), name + ":"));
            for (const int change : {-1, 1}) {
                if (change < 0 && length(field) == 0) continue;
                altered[name] = field;
                std::visit([&](auto& v) { v.resize(static_cast<std::size_t>(static_cast<int>(v.size()) + change)); }, altered[name]);
                CHECK(refusal(altered) != "");
            }
        }
    }
}

TEST_CASE("serialise: an altered number is refused or harmless") {
    std::mt19937 generator(11);
    const Index words[] = {-1, 0, 1, 2, 7, 1 << 20, Index{1} << 40, std::numeric_limits<Index>::max(), std::numeric_limits<Index>::min()};
    for (const Data& data : all_structures()) {
        CAPTURE(data.name);
        const Rows rows = data.rows();
        const DesignCross design = accumulate_design(rows);
        ResponseCross response = accumulate_response(rows, design, data.y.data());
        const Fields fields = write_design(design);
        for (const auto& [name, field] : fields)
            for (int i = 0; i < 12 && length(field) > 0; ++i) {
                Fields altered = fields;
                const std::size_t at = generator() % length(field);
                const Index word = words[generator() % 9];
                std::visit([&](auto& v) { v[at] = static_cast<typename std::decay_t<decltype(v)>::value_type>(word); }, altered[name]);
                try {
                    const DesignCross read = read_design(altered);
                    response.values.resize(read.layout().n_coef() + 1);
                    criterion(read, response);
                } catch (const FieldError&) {
                }
            }
    }
}

TEST_CASE("remaining Gram: long work asks whether to go on") {
    Maker make("crossed, every level with every other", 60000, 6);
    const Data data = make.intercept().group(300).block(true).group(280).block(true).finish();
    const DesignCross design = accumulate_design(data.rows());
    const std::vector<double> h(300, 0.0);
    std::vector<double> out(design.layout().rest() * design.layout().rest());
    const Poll stop([] { throw std::runtime_error("stop"); });
    CHECK_THROWS_AS(remaining_gram(design, h.data(), out.data(), stop), std::runtime_error);
}
