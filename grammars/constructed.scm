; `dim3 block(TX, TY);` inside a function: a variable, though it reads like a function's declaration.
(declaration
  type: (_) @type
  declarator: (function_declarator
    declarator: (identifier) @variable
    parameters: (parameter_list) @arguments))
