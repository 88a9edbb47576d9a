// PGM and PPM images, files of numbers, and comparisons, as the CUDA samples' header of this name offers them.
#pragma once
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>
#include "helper_string.h"

#ifndef MIN
#define MIN(a, b) ((a < b) ? a : b)
#endif
#ifndef MAX
#define MAX(a, b) ((a > b) ? a : b)
#endif
#ifndef MIN_EPSILON_ERROR
#define MIN_EPSILON_ERROR 1e-3f
#endif

// The next number of a header, comments skipped; -1 where there is none.
inline int cuport_header_number(FILE* file) {
  int c = fgetc(file);
  while (c == '#' || c == ' ' || c == '\t' || c == '\r' || c == '\n') {
    if (c == '#') {
      while (c != '\n' && c != EOF) c = fgetc(file);
    }
    c = fgetc(file);
  }
  int value = -1;
  for (; c >= '0' && c <= '9'; c = fgetc(file)) value = (value < 0 ? 0 : value * 10) + (c - '0');
  return value;
}
// Bytes of a binary P5 (one channel) or P6 (three) file; *data is allocated if it is null.
inline bool __loadPPM(const char* name, unsigned char** data, unsigned* w, unsigned* h, unsigned* channels) {
  FILE* file = fopen(name, "rb");
  if (file == nullptr) {
    std::cerr << "__LoadPPM() : Failed to open file: " << name << std::endl;
    return false;
  }
  char magic[3] = "";
  const bool known = fread(magic, 1, 2, file) == 2 && (strcmp(magic, "P5") == 0 || strcmp(magic, "P6") == 0);
  const int width = known ? cuport_header_number(file) : -1, height = known ? cuport_header_number(file) : -1;
  const int most = known ? cuport_header_number(file) : -1;
  bool good = width > 0 && height > 0 && most > 0;
  if (good) {
    *channels = magic[1] == '5' ? 1 : 3;
    const size_t bytes = static_cast<size_t>(width) * static_cast<size_t>(height) * *channels;
    if (*data != nullptr && (*w != static_cast<unsigned>(width) || *h != static_cast<unsigned>(height))) {
      std::cerr << "__LoadPPM() : Invalid image dimensions." << std::endl;
    }
    if (*data == nullptr) *data = static_cast<unsigned char*>(malloc(bytes));
    *w = static_cast<unsigned>(width), *h = static_cast<unsigned>(height);
    good = fread(*data, 1, bytes, file) == bytes;
  } else {
    std::cerr << "__LoadPPM() : File is not a PPM or PGM image" << std::endl;
    *channels = 0;
  }
  fclose(file);
  return good;
}
inline bool __savePPM(const char* name, unsigned char* data, unsigned w, unsigned h, unsigned channels) {
  FILE* file = data == nullptr || w == 0 || h == 0 ? nullptr : fopen(name, "wb");
  if (file == nullptr || (channels != 1 && channels != 3)) {
    if (file != nullptr) fclose(file);
    return false;
  }
  fprintf(file, "P%c\n%u\n%u\n%d\n", channels == 1 ? '5' : '6', w, h, 255);
  const size_t bytes = static_cast<size_t>(w) * h * channels;
  const bool good = fwrite(data, 1, bytes, file) == bytes;
  return fclose(file) == 0 && good;
}

// Pixels of other types than bytes lie between 0 and 1.
template <class T>
inline T cuport_pixel(unsigned char v) { return static_cast<T>(v) / static_cast<T>(255); }
template <>
inline unsigned char cuport_pixel<unsigned char>(unsigned char v) { return v; }
inline unsigned char cuport_byte(unsigned char v) { return v; }
inline unsigned char cuport_byte(float v) { return static_cast<unsigned char>(v * 255.0f); }

template <class T>
inline bool sdkLoadPGM(const char* name, T** data, unsigned* w, unsigned* h) {
  unsigned char* bytes = nullptr;
  unsigned channels = 0, width = 0, height = 0;
  const bool good = __loadPPM(name, &bytes, &width, &height, &channels);
  if (good) {
    const size_t n = static_cast<size_t>(width) * height * channels;
    if (*data == nullptr) *data = static_cast<T*>(malloc(n * sizeof(T)));
    for (size_t i = 0; i < n; ++i) (*data)[i] = cuport_pixel<T>(bytes[i]);
    *w = width, *h = height;
  }
  free(bytes);
  return good;
}
template <class T>
inline bool sdkLoadPPM4(const char* name, T** data, unsigned* w, unsigned* h) {
  unsigned char* bytes = nullptr;
  unsigned channels = 0;
  const bool good = __loadPPM(name, &bytes, w, h, &channels) && channels == 3;
  if (good) {
    const size_t n = static_cast<size_t>(*w) * *h;
    *data = static_cast<T*>(malloc(n * 4 * sizeof(T)));
    for (size_t i = 0; i < n; ++i) {
      for (size_t c = 0; c < 3; ++c) (*data)[4 * i + c] = cuport_pixel<T>(bytes[3 * i + c]);
      (*data)[4 * i + 3] = 0;
    }
  }
  free(bytes);
  return good;
}
inline bool sdkLoadPPM4ub(const char* name, unsigned char** data, unsigned* w, unsigned* h) { return sdkLoadPPM4(name, data, w, h); }
template <class T>
inline bool sdkSavePGM(const char* name, T* data, unsigned w, unsigned h) {
  std::vector<unsigned char> bytes(static_cast<size_t>(w) * h);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = cuport_byte(data[i]);
  return __savePPM(name, bytes.data(), w, h, 1);
}
inline bool sdkSavePPM4ub(const char* name, unsigned char* data, unsigned w, unsigned h) {
  std::vector<unsigned char> bytes(static_cast<size_t>(w) * h * 3);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = data[i / 3 * 4 + i % 3];
  return __savePPM(name, bytes.data(), w, h, 3);
}

// Whitespace-separated numbers.
template <class T>
inline bool sdkReadFile(const char* name, T** data, unsigned* length, bool verbose) {
  std::ifstream file(name);
  if (!file.good()) {
    if (verbose) std::cerr << "sdkReadFile() : Opening file failed." << std::endl;
    return false;
  }
  std::vector<T> found;
  for (T value; file >> value;) found.push_back(value);
  if (*data == nullptr) *data = static_cast<T*>(malloc(found.size() * sizeof(T)));
  *length = static_cast<unsigned>(found.size());
  memcpy(*data, found.data(), found.size() * sizeof(T));
  return true;
}
template <class T, class S>
inline bool sdkWriteFile(const char* name, const T* data, unsigned length, const S epsilon, bool verbose, bool append = false) {
  std::ofstream file(name, append ? std::ios::app : std::ios::out);
  if (!file.good()) {
    if (verbose) std::cerr << "sdkWriteFile() : Opening file failed." << std::endl;
    return false;
  }
  file << "# " << epsilon << "\n";
  for (unsigned i = 0; i < length; ++i) file << data[i] << ' ';
  file << std::endl;
  return file.good();
}
inline void sdkDumpBin(void* data, unsigned bytes, const char* name) {
  printf("sdkDumpBin: <%s>\n", name);
  if (FILE* file = fopen(name, "wb")) {
    fwrite(data, 1, bytes, file);
    fclose(file);
  }
}
inline bool cuport_read_all(const char* name, std::vector<char>& out) {
  FILE* file = fopen(name, "rb");
  if (file == nullptr) return false;
  char chunk[4096];
  for (size_t n; (n = fread(chunk, 1, sizeof chunk, file)) != 0;) out.insert(out.end(), chunk, chunk + n);
  fclose(file);
  return true;
}

// True if no more than `threshold` of the elements differ by more than epsilon; none may if threshold is 0.
template <class T, class S>
inline bool compareData(const T* reference, const T* data, unsigned length, const S epsilon, const float threshold) {
  unsigned errors = 0;
  for (unsigned i = 0; i < length; ++i) {
    const double difference = static_cast<double>(reference[i]) - static_cast<double>(data[i]);
    errors += difference <= static_cast<double>(epsilon) && difference >= -static_cast<double>(epsilon) ? 0u : 1u;
  }
  if (threshold == 0.0f) return errors == 0;
  if (errors != 0) printf("%4.2f(%%) of bytes mismatched (count=%u)\n", static_cast<double>(errors) * 100 / static_cast<double>(length), errors);
  return static_cast<float>(length) * threshold > static_cast<float>(errors);
}
template <class T, class S>
inline bool compareDataAsFloatThreshold(const T* reference, const T* data, unsigned length, const S epsilon, const float threshold) {
  const double most = static_cast<double>(epsilon) > static_cast<double>(MIN_EPSILON_ERROR) ? static_cast<double>(epsilon) : static_cast<double>(MIN_EPSILON_ERROR);
  unsigned errors = 0;
  for (unsigned i = 0; i < length; ++i) errors += fabs(static_cast<double>(reference[i]) - static_cast<double>(data[i])) < most ? 0u : 1u;
  if (threshold == 0.0f) return errors == 0;
  return static_cast<float>(length) * threshold > static_cast<float>(errors);
}
// Whether the relative L2 error is below epsilon.
inline bool sdkCompareL2fe(const float* reference, const float* data, const unsigned length, const float epsilon) {
  double error = 0, size = 0;
  for (unsigned i = 0; i < length; ++i) {
    const double d = static_cast<double>(reference[i]) - static_cast<double>(data[i]);
    error += d * d, size += static_cast<double>(reference[i]) * static_cast<double>(reference[i]);
  }
  return sqrt(size) >= 1e-7 && sqrt(error) / sqrt(size) < static_cast<double>(epsilon);
}
template <class T>
inline bool cuport_compare_files(const char* source, const char* reference, unsigned length, const float epsilon, const float threshold, const char* program) {
  char* path = sdkFindFilePath(reference, program);
  std::vector<char> a, b;
  const bool read = path != nullptr && cuport_read_all(source, a) && cuport_read_all(path, b);
  free(path);
  if (!read || a.size() < length * sizeof(T) || b.size() < length * sizeof(T)) {
    printf("compareBin2Bin: %s or %s cannot be read\n", source, reference);
    return false;
  }
  return compareData(reinterpret_cast<const T*>(b.data()), reinterpret_cast<const T*>(a.data()), length, epsilon, threshold);
}
inline bool sdkCompareBin2BinUint(const char* source, const char* reference, unsigned length, const float epsilon, const float threshold, char* program) {
  return cuport_compare_files<unsigned>(source, reference, length, epsilon, threshold, program);
}
inline bool sdkCompareBin2BinFloat(const char* source, const char* reference, unsigned length, const float epsilon, const float threshold, char* program) {
  return cuport_compare_files<float>(source, reference, length, epsilon, threshold, program);
}
inline bool cuport_compare_images(const char* source, const char* reference, const float epsilon, const float threshold, bool verbose) {
  unsigned char *a = nullptr, *b = nullptr;
  unsigned w = 0, h = 0, w2 = 0, h2 = 0, channels = 0, channels2 = 0;
  bool same = __loadPPM(source, &a, &w, &h, &channels) && __loadPPM(reference, &b, &w2, &h2, &channels2);
  same = same && w == w2 && h == h2 && channels == channels2 && compareData(b, a, w * h * channels, epsilon, threshold);
  if (verbose) std::cerr << (same ? "     OK" : "     FAILURE") << std::endl;
  free(a);
  free(b);
  return same;
}
inline bool sdkComparePPM(const char* source, const char* reference, const float epsilon, const float threshold, bool verbose = false) {
  return cuport_compare_images(source, reference, epsilon, threshold, verbose);
}
inline bool sdkComparePGM(const char* source, const char* reference, const float epsilon, const float threshold, bool verbose = false) {
  return cuport_compare_images(source, reference, epsilon, threshold, verbose);
}
