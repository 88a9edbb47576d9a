; kernel<<<grid, block, shared, stream>>>(args)
(call_expression
  function: (_) @kernel
  (kernel_call_syntax) @configuration
  arguments: (argument_list) @arguments) @launch
