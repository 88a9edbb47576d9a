// An owning array in device memory.
#pragma once

#include <cstddef>
#include <sstream>
#include <stdexcept>
#include <vector>

#include <cuda_runtime.h>

#define CUDA_THROW(expression)                                                             \
    do {                                                                                   \
        const cudaError_t code = (expression);                                             \
        if (code != cudaSuccess) {                                                         \
            std::ostringstream text;                                                       \
            text << #expression << ": " << cudaGetErrorString(code);                       \
            throw std::runtime_error(text.str());                                          \
        }                                                                                  \
    } while (false)

template <typename T>
class DeviceBuffer {
public:
    explicit DeviceBuffer(const std::vector<T>& host) : size_(host.size()) {
        CUDA_THROW(cudaMalloc(&data_, size_ * sizeof(T)));
        CUDA_THROW(cudaMemcpy(data_, host.data(), size_ * sizeof(T), cudaMemcpyHostToDevice));
    }
    DeviceBuffer(const DeviceBuffer&) = delete;
    DeviceBuffer& operator=(const DeviceBuffer&) = delete;
    ~DeviceBuffer() { cudaFree(data_); }

    T* get() { return data_; }
    const T* get() const { return data_; }

    std::vector<T> download() const {
        std::vector<T> host(size_);
        CUDA_THROW(cudaMemcpy(host.data(), data_, size_ * sizeof(T), cudaMemcpyDeviceToHost));
        return host;
    }

private:
    T* data_ = nullptr;
    std::size_t size_;
};
