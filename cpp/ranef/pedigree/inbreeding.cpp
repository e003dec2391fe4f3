#include "ranef/pedigree/inbreeding.hpp"

#include <algorithm>

namespace ranef {
namespace {

// The variance of what an animal does not have from its parents, over the additive variance.
double mendelian(double sire, double dam) { return 0.5 - 0.25 * (sire + dam); }

}  // namespace

Index first_out_of_order(const Pedigree& pedigree) {
    for (Index i = 0; i < pedigree.n; ++i)
        if (std::max(pedigree.sire[i], pedigree.dam[i]) >= i || std::min(pedigree.sire[i], pedigree.dam[i]) < -1) return i;
    return -1;
}

std::vector<double> inbreeding(const Pedigree& pedigree) {
    const auto n = static_cast<std::size_t>(pedigree.n);
    std::vector<double> found(n), own(n), share(n);  // share: of the animal's genes that are an ancestor's
    std::vector<Index> waiting;                      // ancestors, a heap with the youngest first
    const auto of = [&](Index parent) { return parent < 0 ? -1.0 : found[static_cast<std::size_t>(parent)]; };
    const auto pass = [&](Index parent, double genes) {
        if (parent < 0) return;
        double& sum = share[static_cast<std::size_t>(parent)];
        if (sum == 0.0) {
            waiting.push_back(parent);
            std::push_heap(waiting.begin(), waiting.end());
        }
        sum += genes;
    };
    for (std::size_t i = 0; i < n; ++i) {
        const Index sire = pedigree.sire[i], dam = pedigree.dam[i];
        own[i] = mendelian(of(sire), of(dam));
        if (sire < 0 || dam < 0) continue;
        if (i > 0 && sire == pedigree.sire[i - 1] && dam == pedigree.dam[i - 1]) {  // a full sib
            found[i] = found[i - 1];
            continue;
        }
        double relationship = own[i];  // of the animal with itself
        pass(sire, 0.5);
        pass(dam, 0.5);
        while (!waiting.empty()) {
            std::pop_heap(waiting.begin(), waiting.end());
            const auto ancestor = static_cast<std::size_t>(waiting.back());
            waiting.pop_back();
            const double genes = share[ancestor];
            share[ancestor] = 0.0;
            relationship += genes * genes * own[ancestor];
            pass(pedigree.sire[ancestor], 0.5 * genes);
            pass(pedigree.dam[ancestor], 0.5 * genes);
        }
        found[i] = relationship - 1.0;
    }
    return found;
}

}  // namespace ranef
