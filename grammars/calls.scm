; Every call with its callee. Launches match too; readers tell them by their kernel_call_syntax child.
(call_expression
  function: (_) @callee
  arguments: (argument_list) @arguments) @call
