; Declarations that may introduce variables; readers keep those at namespace and class scope.
(declaration) @variable
(field_declaration) @variable
