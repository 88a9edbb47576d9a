// Command lines and file paths as the CUDA samples' header of this name offers them.
#pragma once
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <fstream>
#include <string>

#ifndef STRCASECMP
#define STRCASECMP strcasecmp
#define STRNCASECMP strncasecmp
#define STRCPY(to, length, from) strcpy(to, from)
#define FOPEN(file, name, mode) (file = fopen(name, mode))
#define FOPEN_FAIL(result) (result == NULL)
#define SSCANF sscanf
#define SPRINTF sprintf
#endif
#ifndef EXIT_WAIVED
#define EXIT_WAIVED 2
#endif

inline int stringRemoveDelimiter(char delimiter, const char* text) {
  int n = 0;
  while (text[n] == delimiter) ++n;
  return n >= static_cast<int>(strlen(text)) - 1 ? 0 : n;
}
inline int getFileExtension(char* name, char** extension) {
  char* dot = strrchr(name, '.');
  *extension = dot == nullptr ? nullptr : dot + 1;
  return dot == nullptr ? 0 : static_cast<int>(dot + 1 - name);
}
// `-name`, `--name`, `-name=value`; what follows the name or its `=`, null if the option is not there.
inline const char* cuport_option(int argc, const char** argv, const char* name) {
  size_t n = strlen(name);
  if (n != 0 && name[n - 1] == '=') --n;
  for (int i = 1; i < argc; ++i) {
    const char* a = argv[i];
    if (*a != '-') continue;
    while (*a == '-') ++a;
    if (strncasecmp(a, name, n) == 0 && (a[n] == 0 || a[n] == '=')) return a[n] == '=' ? a + n + 1 : a + n;
  }
  return nullptr;
}
inline bool checkCmdLineFlag(int argc, const char** argv, const char* name) { return cuport_option(argc, argv, name) != nullptr; }
template <class T>
inline bool getCmdLineArgumentValue(int argc, const char** argv, const char* name, T* value) {
  const char* v = cuport_option(argc, argv, name);
  if (v != nullptr) *value = static_cast<T>(atoi(v));
  return v != nullptr;
}
inline int getCmdLineArgumentInt(int argc, const char** argv, const char* name) {
  const char* v = cuport_option(argc, argv, name);
  return v == nullptr ? 0 : atoi(v);
}
inline float getCmdLineArgumentFloat(int argc, const char** argv, const char* name) {
  const char* v = cuport_option(argc, argv, name);
  return v == nullptr ? 0.0f : static_cast<float>(atof(v));
}
inline bool getCmdLineArgumentString(int argc, const char** argv, const char* name, char** value) {
  const char* v = cuport_option(argc, argv, name);
  *value = const_cast<char*>(v);
  return v != nullptr;
}
// Where a data file lies: here, beside the program, or in a `data` folder near one of them. Null if it is nowhere.
inline char* sdkFindFilePath(const char* name, const char* program) {
  std::string folder = program == nullptr ? "" : program;
  const size_t slash = folder.rfind('/');
  folder = slash == std::string::npos ? "" : folder.substr(0, slash + 1);
  const char* const places[] = {"./", "./data/", "../data/", "../Common/", "../common/data/", "../../common/data/", "../../../data/", "../../data/", "./common/data/"};
  for (const std::string& base : {std::string(), folder}) {
    for (const char* place : places) {
      const std::string path = base + place + name;
      FILE* file = fopen(path.c_str(), "rb");
      if (file == nullptr) continue;
      fclose(file);
      return strdup(path.c_str());
    }
  }
  return nullptr;
}
