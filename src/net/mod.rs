//! Listeners, HTTP/2 settings, compression, gRPC framing and clients.

<<<<<<< HEAD
pub mod pages;
pub mod buffer;
pub mod decompress;
pub mod grpc;
pub mod io;
pub mod listen;
pub mod serve;
=======
pub mod causes;
pub mod compress;
pub mod grpc;
pub mod headers;
pub mod http_client;
pub mod parts;
pub mod resolve;
pub mod tls;
>>>>>>> net
