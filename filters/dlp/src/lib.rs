//! The filter `dlp`: finds card numbers and other personal data in bodies, and covers them.

portcullis_host::filter!(portcullis_dlp::Dlp);
