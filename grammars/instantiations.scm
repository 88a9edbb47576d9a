; Mentions of kernels that are neither definitions nor prototypes: template instantiations, friends, declarations.
(template_instantiation) @known
(friend_declaration) @known
(declaration) @known
