//! The filter `authz`: decides on requests by a Rego policy.

portcullis_host::filter!(portcullis_policy::Authz);
