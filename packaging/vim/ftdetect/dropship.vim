" Dropship's configuration is HCL. In these patterns * matches slashes, so this is services/ too.
autocmd BufNewFile,BufRead dropship.hcl,*/dropship.d/*.hcl set filetype=hcl
