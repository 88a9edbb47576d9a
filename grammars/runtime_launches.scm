; cudaLaunchKernel and its relatives, where the kernel is an argument.
(call_expression
  function: (identifier) @function
  arguments: (argument_list) @arguments
  (#match? @function "^(cudaLaunchKernel|cudaLaunchCooperativeKernel|cudaLaunchKernelEx|cudaLaunchKernelExC)$")) @launch
