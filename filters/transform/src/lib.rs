//! The filter `transform`: headers and bodies of requests and responses, rewritten from templates.

portcullis_host::filter!(portcullis_transform::Transform);
