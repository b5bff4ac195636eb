//! The measuring bench: real proxies against each other over loopback, and instruction counts of the engines.

pub mod attacks;
pub mod bars;
pub mod first;
pub mod fuel;
pub mod hostile;
pub mod leak;
pub mod load;
pub mod processes;
pub mod proxies;
pub mod report;
pub mod rows;
pub mod run;
pub mod statistics;
pub mod table;
