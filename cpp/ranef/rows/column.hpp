// One column of the data as the table stores it: a view, nothing copied, nothing owned.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "ranef/base/types.hpp"

namespace ranef {

// Doubles, 64-bit integers or truth values, a fixed number of bytes apart; or a column of ones that is stored nowhere.
class Column {
public:
    enum class Type { ones, real, integer, truth };

    Column() = default;
    Column(const double* values) : Column(values, values ? Type::real : Type::ones, sizeof(double)) {}
    Column(const void* data, Type type, std::ptrdiff_t stride)
        : data_(static_cast<const char*>(data)), stride_(stride), type_(type) {}

    bool ones() const { return type_ == Type::ones; }

    double operator[](Index i) const {
        switch (type_) {
            case Type::real: return at<double>(i);
            case Type::integer: return static_cast<double>(at<std::int64_t>(i));
            case Type::truth: return static_cast<double>(at<std::uint8_t>(i));
            default: return 1.0;
        }
    }

    // Rows first, first + 1, ... as doubles, without a copy where they are stored as such; `buffer` has room for count.
    const double* read(Index first, Index count, double* buffer) const {
        if (type_ == Type::real && stride_ == sizeof(double)) return reinterpret_cast<const double*>(data_) + first;
        switch (type_) {
            case Type::real: convert<double>(first, count, buffer); break;
            case Type::integer: convert<std::int64_t>(first, count, buffer); break;
            case Type::truth: convert<std::uint8_t>(first, count, buffer); break;
            default: std::fill_n(buffer, count, 1.0);
        }
        return buffer;
    }

private:
    template <class T>
    const T& at(Index i) const {
        return *reinterpret_cast<const T*>(data_ + i * stride_);
    }
    template <class T>
    void convert(Index first, Index count, double* out) const {
        for (Index i = 0; i < count; ++i) out[i] = static_cast<double>(at<T>(first + i));
    }

    const char* data_ = nullptr;
    std::ptrdiff_t stride_ = 0;
    Type type_ = Type::ones;
};

}  // namespace ranef
