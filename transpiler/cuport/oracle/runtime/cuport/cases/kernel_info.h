// What the rewriter knows of a kernel instance.
#pragma once

namespace cuport {

class Describer;

struct KernelInfo {
  const char* name;        // qualified; overloads after the first as cuport names them
  const char* parameters;  // names, separated by commas
  const char* globals;     // qualified names of globals it reaches, separated by commas
  bool grid_waits;         // whether it may wait for other blocks
  bool is_template;
  bool waits;              // whether its threads may wait for each other
  void (*describe)(Describer&);  // names the template arguments; null in unit builds
  const char* problem = nullptr;   // why no launch of it can become a case
  bool independent = false;        // the order of its blocks makes no difference
  unsigned cluster[3] = {1, 1, 1};  // blocks that run together
};

}  // namespace cuport
