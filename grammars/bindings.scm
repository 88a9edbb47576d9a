; A variable set to an expression, by declaration or assignment.
(init_declarator
  declarator: (_) @variable
  value: (_) @value) @binding
(assignment_expression
  left: (identifier) @variable
  right: (_) @value) @binding
