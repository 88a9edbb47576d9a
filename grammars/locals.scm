; Names that a function introduces itself: parameters, variables, structured bindings.
(parameter_declaration declarator: (_) @local)
(optional_parameter_declaration declarator: (_) @local)
(variadic_parameter_declaration declarator: (_) @local)
(declaration declarator: (_) @local)
(for_range_loop declarator: (_) @local)
